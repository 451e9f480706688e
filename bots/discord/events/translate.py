"""Discord's messages, and what became of them, as events of the core: pure functions, and the rules of who is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypedDict

import discord
import msgspec

from bots.discord.events.address import PLATFORM, Address, ids_of
from bots.discord.events.message_reader import files_of, words_of
from bots.discord.events.names import NOBODY, Names, names_as_told, names_for
from bots.discord.events.payloads import as_id, list_of, part_of, text_of
from bots.discord.events.sdk_message import WholeMessage
from core.domain import (
    Administers,
    Author,
    Command,
    Commanded,
    Deleted,
    Edited,
    Identity,
    Left,
    PassedOver,
    Place,
    Rewritten,
    Said,
)
from core.i18n import spoken_command

Removal = discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent

PERSON_MESSAGES = frozenset({discord.MessageType.default, discord.MessageType.reply})
WITH_WORDS = PERSON_MESSAGES | {
    discord.MessageType.chat_input_command,
    discord.MessageType.context_menu_command,
    discord.MessageType.poll_result,
}


class _Told(TypedDict):
    """What is told with everything that somebody says."""

    within: tuple[str, ...]
    administers: Administers


@dataclass(frozen=True, slots=True)
class Me:
    """The bot, as far as it matters for what it hears."""

    id: int
    name: str = ""
    """What Discord shows us as, where a server has no other name for us."""
    reads_content: bool = True
    """Whether Discord sends us texts that do not mention us."""
    heard: frozenset[int] = frozenset()
    """The hooks and apps whose words count as a person's."""
    everywhere: frozenset[int] = frozenset()
    """The channels, threads, forums and categories in which every message is for us."""
    opens_threads: bool = False
    """Whether questions in channels are answered in threads of their own."""


def translate(
    message: WholeMessage, me: Me, parent: int = 0, *, open_here: bool = False, names: Names = NOBODY
) -> Said | Commanded | None:
    """Make an event of a message that is meant for the bot; None of any other.

    `parent` is the channel of the thread that it stands in, 0 outside threads. `open_here` tells that the bot
    answers everything there, where the message itself does not know; `names`: whom its words name, as far as asked.
    """
    if not is_addressed(message, me, open_here=open_here):
        return None
    author, place, text = author_of(message), place_of(message, parent), words_to(message, me, names)
    files = files_of(message)
    keys = (f"{PLATFORM}:{message.id}",)
    address = _address(message, parent)
    told: _Told = {
        "within": within_of(message.channel, message.guild, parent),
        "administers": message.author_administers,
    }
    command = spoken_command(text, "/!")
    if command is not None and not files:
        about = ids_of(str(address.reply)) if command is Command.DELETE else ()
        manages = message.author_manages
        return Commanded(keys, author, place, command, str(address), about=about, manages=manages, **told)
    if me.opens_threads and may_open_thread(message):
        # such a thread has the question's id; its name is read when it is opened: an address outlives the words
        place = replace(place, thread=str(message.id))
        address = msgspec.structs.replace(address, channel=message.id, parent=message.channel.id, opens=True)
    return Said(keys, author, place, text, str(address), str(message.id), files, **told)


def was_edited(message: WholeMessage) -> bool:
    """Tell whether somebody changed a message: an update comes for previews, pins and threads as well."""
    return message.edited_at is not None


def edit_key(message: WholeMessage) -> str:
    """What makes one edit the same edit when it is told again, with a preview that has come meanwhile, for example."""
    return f"{PLATFORM}:{message.id}:edit:{text_of(message.raw, 'edited_timestamp')}"


def edited(message: WholeMessage, me: Me, parent: int = 0, names: Names = NOBODY) -> Edited | None:
    """Make an event of a message that its author changed; None of previews, pins and threads that came to it.

    Discord sends the same update for all of them; only a person's edit moves `edited_timestamp`, and one that has
    not moved gives the same key again (https://github.com/discord/discord-api-docs/issues/273).
    """
    if not was_edited(message) or not_from_person(message, me):
        return None
    text = words_to(message, me, names)
    if not text and not me.reads_content:
        return None  # the mention was taken out, and with it went our right to read the rest
    return Edited(
        *((edit_key(message),), author_of(message), place_of(message, parent), str(message.id), text),
        within=within_of(message.channel, message.guild, parent),
        administers=message.author_administers,
    )


def rewritten(message: WholeMessage, me: Me) -> Rewritten | None:
    """Make an event of a change of a message that is not for the bot, an app's included; None of what we said."""
    if message.author.id == me.id or not was_edited(message):
        return None
    guild, channel = getattr(message.guild, "id", ""), str(message.channel.id)
    return Rewritten((edit_key(message),), PLATFORM, str(guild), channel, str(message.id))


def words_to(message: WholeMessage, me: Me, names: Names = NOBODY) -> str:
    """Read what is said to the bot: its mention is left off the edges, and inside a sentence it is the bot's name."""
    told = names_for(message, names).over(names_of_bot(message, me))
    return words_of(message, told, mentions=mentions_of_bot(message, me))


def names_of_bot(message: WholeMessage, me: Me) -> Names:
    """The bot's name as its mention shows it in a server, known even where nobody tells it."""
    here = message.guild.get_member(me.id) if message.guild is not None else None
    return Names(names_as_told([(me.id, here.display_name if here is not None else me.name)]))


def deleted(payload: Removal) -> Deleted:
    """Make an event of messages that are gone, whoever wrote them: Discord tells no more than their ids."""
    ids = sorted(
        payload.message_ids
        if isinstance(payload, discord.RawBulkMessageDeleteEvent)
        else [payload.message_id]
    )
    return Deleted(
        keys=tuple(f"{PLATFORM}:{id_}:deleted" for id_ in ids[:1]),
        platform=PLATFORM,
        workspace=str(payload.guild_id or ""),
        channel=str(payload.channel_id),
        origins=tuple(str(id_) for id_ in ids),
    )


def left(guild: discord.Guild, me: Me) -> Left:
    """Make an event of our removal from a server; a second one, after an invitation, is another."""
    myself = guild.get_member(me.id)
    stay = myself.joined_at.isoformat() if myself is not None and myself.joined_at else ""
    return Left((f"{PLATFORM}:{guild.id}:left:{stay}",), PLATFORM, str(guild.id))


def is_addressed(message: WholeMessage, me: Me, *, open_here: bool = False) -> bool:
    """Tell whether a message is a person's, and meant for the bot.

    Direct ones are, mentions, replies to it, and all where it answers everything.
    """
    if not_from_person(message, me):
        return False
    role = _own_role(message)
    if is_private(message) or any(user.id == me.id for user in getattr(message, "mentions", ())):
        return True
    if role is not None and any(named.id == role.id for named in getattr(message, "role_mentions", ())):
        return True
    if replied_author(message) != me.id and not (open_here or answers_all(message.channel, me)):
        return False
    # without a ping a message comes empty where we may not read content: nothing could be answered
    return me.reads_content or bool(words_of(message) or files_of(message))


def answers_all(channel: object, me: Me) -> bool | None:
    """Tell whether every message in a channel is for the bot: those that are configured, and threads that it opened.

    None where only Discord knows.
    """
    if isinstance(channel, discord.PartialMessageable):
        if not me.everywhere and not me.opens_threads:
            return False
        return True if channel.id in me.everywhere else None
    if isinstance(channel, discord.Thread) and channel.owner_id == me.id:
        return True
    return bool(me.everywhere & set(_ids_of(channel)))


def may_open_thread(message: discord.Message) -> bool:
    """Tell whether a thread can be opened from a message, as far as is known here."""
    if not isinstance(message.channel, discord.TextChannel) or message.guild is None:
        return False
    bot: discord.Member | None = message.guild.me
    may = message.channel.permissions_for(bot) if bot is not None else discord.Permissions.all()
    return may.create_public_threads and may.send_messages_in_threads


def within_of(channel: object, guild: discord.Guild | None, parent: int = 0) -> tuple[str, ...]:
    """Tell the ids by which lists of channels may name a place in a server: its own, its channel's, its category's.

    `parent` is the channel of a thread that discord.py does not know.
    """
    if guild is None:
        return ()
    home = guild.get_channel(parent) if parent else None
    return tuple(
        str(id_) for id_ in dict.fromkeys([*_ids_of(channel), *([parent] if parent else []), *_ids_of(home)])
    )


def _ids_of(channel: object) -> Iterator[int]:
    """The channel itself, the one that it is a thread of, and the category."""
    for name in ("id", "parent_id", "category_id"):
        with suppress(discord.ClientException):  # a thread whose channel is not known has no category
            if id_ := getattr(channel, name, None):
                yield id_


def not_from_person(message: WholeMessage, me: Me) -> PassedOver | None:
    """Tell why a message holds no person's words: a bot's, a hook's, a notice of Discord's own. None where it does."""
    author = getattr(message, "author", None)
    if author is not None and author.id == me.id:
        return PassedOver.OWN
    if author is None or (message.by_app and not _is_heard(message, me)):
        return PassedOver.BOT
    return None if message.type in PERSON_MESSAGES else PassedOver.UNKNOWN_KIND


def _is_heard(message: WholeMessage, me: Me) -> bool:
    """Whether a hook, the app that it belongs to, or a bot is one whose words count as a person's."""
    return not me.heard.isdisjoint({message.webhook_id, message.application_id, message.author.id})


def has_words(message: WholeMessage) -> bool:
    """Whether a message may hold somebody's words: a kind that is not known yet may, a notice of Discord's does not."""
    return message.type in WITH_WORDS or message.type not in tuple(discord.MessageType)


def is_private(message: discord.Message) -> bool:
    return isinstance(message.channel, discord.DMChannel)


def parent_of(channel: object) -> int | None:
    """Tell which channel a thread belongs to: 0 outside threads, None where only Discord knows."""
    if isinstance(channel, discord.Thread):
        return channel.parent_id
    return None if isinstance(channel, discord.PartialMessageable) else 0


def replied_to(message: discord.Message) -> int:
    """Take the id of the message that this one replies to; 0 where it is no reply."""
    if message.type is not discord.MessageType.reply or message.reference is None:
        return 0
    return message.reference.message_id or 0


def replied_author(message: discord.Message) -> int:
    """Take whose message this one replies to; 0 where that is unknown, or the message was deleted."""
    original = message.reference.resolved if replied_to(message) and message.reference else None
    author = getattr(original, "author", None) if isinstance(original, discord.Message) else None
    return author.id if author is not None else 0


def _own_role(message: discord.Message) -> discord.Role | None:
    # people often pick the role that Discord made for the bot: it has the bot's name
    return message.guild.self_role if message.guild is not None else None


def mentions_of_bot(message: discord.Message, me: Me) -> list[str]:
    role = _own_role(message)
    return [f"<@{me.id}>", f"<@!{me.id}>", *([f"<@&{role.id}>"] if role else [])]


def _guild_of(message: discord.Message) -> int:
    if message.guild is not None:
        return message.guild.id
    return getattr(message.channel, "guild_id", None) or 0


def author_of(message: WholeMessage) -> Author:
    author = author_from(message.author, _guild_of(message))
    told = [as_id(each) for each in list_of(part_of(message.raw, "member"), "roles")]
    # of a server that discord.py does not know it knows no roles either
    return (
        replace(author, roles=tuple(str(id_) for id_ in told if id_)) if told and not author.roles else author
    )


def author_from(user: discord.User | discord.Member, guild: int, locale: str = "") -> Author:
    """Describe a person, as a member of a server or outside of any."""
    identity = Identity(PLATFORM, str(guild or ""), str(user.id))
    # Discord counts "everyone" as a role, under the server's own id
    roles = tuple(str(role.id) for role in getattr(user, "roles", ()) if role.id != guild)
    return Author(identity, user.display_name, locale, roles)


def place_of(message: discord.Message, parent: int) -> Place:
    return place_from(message.channel.id, _guild_of(message), parent, private=is_private(message))


def place_from(channel: int, guild: int, parent: int, *, private: bool) -> Place:
    """Describe a channel; `parent` is the channel of a thread, 0 outside threads."""
    thread = str(channel) if parent else ""
    return Place(PLATFORM, str(guild or ""), str(parent or channel), thread, private=private)


def _address(message: discord.Message, parent: int) -> Address:
    return Address(
        channel=message.channel.id,
        message=message.id,
        guild=_guild_of(message),
        parent=parent,
        reply=replied_to(message),
        private=is_private(message),
        user=message.author.id,
    )
