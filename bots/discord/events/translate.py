"""Discord's messages, and what became of them, as events of the core: pure functions, and the rules of who is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import discord
import msgspec

from bots.discord.events.address import PLATFORM, Address
from bots.discord.events.message_reader import attachment_of, attachments_of, text_of
from core.domain import Author, Commanded, Deleted, Edited, Event, Identity, Left, PassedOver, Place, Said
from core.i18n import spoken_command

Removal = discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent

PERSON_MESSAGES = frozenset({discord.MessageType.default, discord.MessageType.reply})


@dataclass(frozen=True, slots=True)
class Me:
    """The bot, as far as it matters for what it hears."""

    id: int
    reads_content: bool = True
    """Whether Discord sends us texts that do not mention us."""
    everywhere: frozenset[int] = frozenset()
    """The channels, threads, forums and categories in which every message is for us."""
    opens_threads: bool = False
    """Whether questions in channels are answered in threads of their own."""


def translate(message: discord.Message, me: Me, parent: int = 0, *, open_here: bool = False) -> Event | None:
    """Make an event of a message that is meant for the bot; None of any other.

    `parent` is the channel of the thread that it stands in, 0 outside threads. `open_here` tells that the bot
    answers everything there, where the message itself does not know.
    """
    if not is_addressed(message, me, open_here=open_here):
        return None
    author, place = author_of(message), place_of(message, parent)
    text = text_of(message, mentions_of_bot(message, me))
    files = tuple(attachment_of(file, message.channel.id, message.id) for file in attachments_of(message))
    keys = (f"{PLATFORM}:{message.id}",)
    address = _address(message, parent)
    within = within_of(message.channel, message.guild, parent)
    command = spoken_command(text, "/!")
    if command is not None and not files:
        return Commanded(keys, author, place, command, str(address), within=within)
    if me.opens_threads and may_open_thread(message):
        # such a thread has the question's id; its name is read when it is opened: an address outlives the words
        place = replace(place, thread=str(message.id))
        address = msgspec.structs.replace(address, channel=message.id, parent=message.channel.id, opens=True)
    return Said(keys, author, place, text, str(address), str(message.id), files, within=within)


def edited(payload: discord.RawMessageUpdateEvent, me: Me, parent: int = 0) -> Edited | None:
    """Make an event of a message that its author changed; None of previews, pins and threads that came to it.

    Discord sends the same update for all of them; only a person's edit moves `edited_timestamp`, and one that has
    not moved gives the same key again (https://github.com/discord/discord-api-docs/issues/273).
    """
    message = payload.message
    moved = payload.data.get("edited_timestamp")
    if not moved or not_from_person(message, me):
        return None
    text = text_of(message, mentions_of_bot(message, me))
    if not text and not me.reads_content:
        return None  # the mention was taken out, and with it went our right to read the rest
    key = f"{PLATFORM}:{message.id}:edit:{moved}"
    within = within_of(message.channel, message.guild, parent)
    return Edited((key,), author_of(message), place_of(message, parent), str(message.id), text, within=within)


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


def is_addressed(message: discord.Message, me: Me, *, open_here: bool = False) -> bool:
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
    return me.reads_content or bool(text_of(message) or message.attachments)


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


def not_from_person(message: discord.Message, me: Me) -> PassedOver | None:
    """Tell why a message holds no person's words: a bot's, a hook's, a notice of Discord's own. None where it does."""
    author = getattr(message, "author", None)
    if author is not None and author.id == me.id:
        return PassedOver.OWN
    if author is None or author.bot or message.webhook_id:
        return PassedOver.BOT
    return None if message.type in PERSON_MESSAGES else PassedOver.UNKNOWN_KIND


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


def author_of(message: discord.Message) -> Author:
    return author_from(message.author, _guild_of(message))


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
