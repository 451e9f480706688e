"""Discord's interactions as events of the core: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import discord
import msgspec

from bots.discord.events.address import PLATFORM, Address, ids_of
from bots.discord.events.attachments import attachment_of, attachments_in, file_of
from bots.discord.events.commands import (
    ABOUT,
    ASK,
    FILE,
    GATEWAY,
    PRIVATE,
    QUESTION,
    TAKE_AWAY,
    WORDS,
    menus_of,
)
from bots.discord.events.payloads import id_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import WholeMessage, administered_by, user_of
from bots.discord.events.translate import author_from, parent_of, place_from, within_of
from core.domain import (
    Administers,
    Attachment,
    Author,
    Capability,
    Command,
    Commanded,
    Place,
    Said,
    write_options,
)
from core.i18n import COMMANDS

SLASH, MESSAGE_MENU = 1, 3
MOST_CHOICES, LONGEST_CHOICE = 25, 100
"""Discord's limits for what it offers while somebody types."""
HERE_ONLY = frozenset({Command.RESET, Command.STOP, Command.DELETE})
"""Commands about the conversation they are given in; answers to the others need not wait for what is written there."""


@dataclass(frozen=True, slots=True)
class Source:
    """What every interaction tells, a press as well as a command: who, where, and where to answer."""

    key: str
    author: Author
    place: Place
    within: tuple[str, ...]
    """The ids by which the lists of channels may name the place."""
    address: Address
    """Where a reply goes that only the author reads."""
    administers: Administers
    """What its author may set there, as Discord told it with the interaction."""


def data_of(interaction: discord.Interaction) -> Mapping[str, Any]:
    """Take what an interaction tells as JSON, whatever its kind; nothing where Discord sent none."""
    data: Any = interaction.data
    return data if isinstance(data, Mapping) else {}


def source_of(interaction: discord.Interaction) -> Source | None:
    """Read who did something, in their language, and where; None where Discord did not tell."""
    user, here, guild = interaction.user, interaction.channel_id, interaction.guild_id or 0
    if user is discord.utils.MISSING or here is None:
        return None
    parent = parent_of(interaction.channel) or 0
    return Source(
        key=f"{PLATFORM}:interaction:{interaction.id}",
        author=author_from(user, guild, interaction.locale.value),
        place=place_from(here, guild, parent, private=not guild),
        within=within_of(interaction.channel, interaction.guild, parent),
        address=Address(
            channel=here,
            guild=guild,
            parent=parent,
            private=not guild,
            app=interaction.application_id,
            token=interaction.token,
        ),
        administers=administered_by(interaction.permissions) if guild else Administers.NOTHING,
    )


def translate(
    interaction: discord.Interaction, source: Source, capabilities: Sequence[Capability] = ()
) -> Said | Commanded | None:
    """Make an event of a slash command of ours; None of anything else."""
    data = _slash(interaction)
    name, options = str(data.get("name")), _options(data)
    if name == ASK:
        return question(interaction, source, str(options.get(QUESTION) or ""), _files(interaction, options))
    if (meant := next((each for each in capabilities if each.name == name), None)) is not None:
        words = f"{name} {_words_of(meant, options)}"
        return question(interaction, source, words, _files(interaction, options))
    if name not in COMMANDS:
        return None
    command = Command(name)
    return Commanded(
        keys=(source.key,),
        author=source.author,
        place=source.place if command in HERE_ONLY else _answer_place(interaction, source),
        command=command,
        address=str(answer_address_of(interaction, source)),
        whole_channel=not source.place.private and not source.place.thread,
        argument=str(options.get(GATEWAY) or "").strip(),
        within=source.within,
        administers=source.administers,
        awaited=True,
    )


def question(
    interaction: discord.Interaction, source: Source, text: str, files: tuple[Attachment, ...] = ()
) -> Said:
    """Make a question of an interaction that Discord was told an answer will come to."""
    return Said(
        keys=(source.key,),
        author=source.author,
        place=_answer_place(interaction, source),
        text=text.strip(),
        address=str(answer_address_of(interaction, source)),
        origin=str(interaction.id),
        attachments=files,
        within=source.within,
        administers=source.administers,
        awaited=True,
    )


def typed_in(interaction: discord.Interaction) -> str | None:
    """Take what was typed so far as the gateway's name; None where something else is typed."""
    data = data_of(interaction)
    focused = next((option for option in parts_of(data, "options") if option.get("focused")), {})
    if data.get("name") != Command.MODEL or text_of(focused, "name") != GATEWAY:
        return None
    return text_of(focused, "value")


def choices_for(typed: str, known: Sequence[str]) -> list[discord.app_commands.Choice[str]]:
    """Choose what fits the words typed so far, wherever they stand in it; what begins with them comes first."""
    wanted = typed.strip().casefold()
    fitting = [each for each in known if wanted in each.casefold() and 0 < len(each) <= LONGEST_CHOICE]
    fitting.sort(key=lambda each: not each.casefold().startswith(wanted))
    return [discord.app_commands.Choice(name=each, value=each) for each in fitting[:MOST_CHOICES]]


def is_hidden(interaction: discord.Interaction) -> bool:
    """Tell whether only its author is to read the answer, in a place where others would.

    That holds for all but `/ask`, which has an option for it: so for what is asked about somebody's message, too.
    """
    data = _slash(interaction)
    return bool(interaction.guild_id) and (data.get("name") != ASK or _options(data).get(PRIVATE) is True)


def asks_about(interaction: discord.Interaction) -> WholeMessage | None:
    """Take the message that somebody chose our entry of the menu on; None for anything else.

    It comes whole, whatever the bot may read otherwise.
    """
    data = data_of(interaction)
    if data.get("type") != MESSAGE_MENU or data.get("name") != ABOUT:
        return None
    found = part_of(part_of(part_of(data, "resolved"), "messages"), text_of(data, "target_id"))
    if not id_of(found, "id") or not user_of(part_of(found, "author")):
        return None
    here = {"channel_id": id_of(found, "channel_id") or interaction.channel_id}
    # as discord.py's own commands make it
    return WholeMessage(state=interaction._state, channel=interaction.channel, data={**found, **here})  # noqa: SLF001


def wants_gone(interaction: discord.Interaction, source: Source) -> Commanded | None:
    """Make an event of our entry of the menu that takes an answer away; None of anything else."""
    data = data_of(interaction)
    if data.get("type") != MESSAGE_MENU or data.get("name") != TAKE_AWAY:
        return None
    return Commanded(
        keys=(source.key,),
        author=source.author,
        place=source.place,
        command=Command.DELETE,
        address=str(answer_address_of(interaction, source)),
        within=source.within,
        administers=source.administers,
        awaited=True,
        about=ids_of(text_of(data, "target_id")),
        manages=bool(interaction.guild_id) and interaction.permissions.manage_messages,
    )


def chosen_on_message(
    interaction: discord.Interaction, source: Source, capabilities: Sequence[Capability]
) -> Said | None:
    """Make an event of the menu's entry of a capability; None of anything else.

    Only who chose it reads what came of it. It is done with the files of the message, else with what stands around it.
    """
    data = data_of(interaction)
    named = {phrase.value: each for phrase, each in menus_of(capabilities).items()}
    wanted = named.get(text_of(data, "name")) if data.get("type") == MESSAGE_MENU else None
    target = text_of(data, "target_id")
    message = part_of(part_of(part_of(data, "resolved"), "messages"), target)
    if wanted is None or not id_of(message, "id"):
        return None
    channel = id_of(message, "channel_id") or interaction.channel_id or 0
    address = msgspec.structs.replace(answer_address_of(interaction, source), reply=int(target))
    return Said(
        keys=(source.key,),
        author=source.author,
        place=source.place,
        text=wanted.name,
        address=str(address),
        origin=target,
        attachments=attachments_in(message, channel, int(target)),
        within=source.within,
        administers=source.administers,
        awaited=True,
    )


def may_read(interaction: discord.Interaction) -> bool:
    """Tell whether the author can read earlier messages in the place where they are."""
    may = interaction.permissions
    return not interaction.guild_id or (may.view_channel and may.read_message_history)


def answer_address_of(interaction: discord.Interaction, source: Source) -> Address:
    """Tell where the answer to a command goes, from any process, and when its token is over."""
    may, in_thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    may_send = may.send_messages_in_threads if in_thread else may.send_messages
    return msgspec.structs.replace(
        source.address,
        interaction=interaction.id,
        user=interaction.user.id,
        hidden=is_hidden(interaction),
        may_send=source.place.private or (may.view_channel and may_send),
        locale=source.author.locale,
    )


def _answer_place(interaction: discord.Interaction, source: Source) -> Place:
    """Give what only its author reads a place of its own, so that it never becomes context of what all read.

    It stands where a thread's id stands elsewhere. It counts as shared, so that the lists of channels hold for it.
    """
    if not is_hidden(interaction):
        return source.place
    return replace(source.place, thread=f"@{source.author.identity.user}")


def _slash(interaction: discord.Interaction) -> Mapping[str, Any]:
    """Take the JSON of a slash command; nothing of any other interaction."""
    data = data_of(interaction)
    is_slash = (
        interaction.type is discord.InteractionType.application_command and data.get("type", SLASH) == SLASH
    )
    return data if is_slash else {}


def _options(data: Mapping[str, Any]) -> Mapping[str, object]:
    return {text_of(option, "name"): option.get("value") for option in parts_of(data, "options")}


def _words_of(capability: Capability, options: Mapping[str, object]) -> str:
    """What was filled in, as people would write it behind the capability's word."""
    if not capability.options:
        return str(options.get(WORDS) or "")
    filled_in = ((each.name, options.get(each.name)) for each in capability.options)
    return write_options({name: value for name, value in filled_in if value is not None})


def _files(interaction: discord.Interaction, options: Mapping[str, object]) -> tuple[Attachment, ...]:
    known = part_of(part_of(data_of(interaction), "resolved"), "attachments")
    file = file_of(part_of(known, str(options.get(FILE))))
    return (attachment_of(file, interaction.channel_id or 0),) if file is not None else ()
