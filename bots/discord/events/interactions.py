"""Discord's commands as events of the core: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import discord
import msgspec

from bots.discord.events.address import Address, FileRef
from bots.discord.events.commands import ABOUT, ASK, COMMANDS, FILE, GATEWAY, PRIVATE, QUESTION
from bots.discord.events.interaction_source import (
    address_of,
    author_of,
    key_of,
    locale_of,
    place_of,
    standing_of,
)
from core.domain.messages import Attachment, Author, Command, Commanded, Place, Said

SLASH, MESSAGE_MENU = 1, 3
HERE_ONLY = frozenset({Command.RESET, Command.STOP})
"""What is meant for the place it is said in; the other commands' answers need not wait for what is written there."""


def translate(interaction: discord.Interaction) -> Said | Commanded | None:
    """Make an event of a slash command of ours; None of anything else."""
    data = _slash(interaction) or {}
    name, options = data.get("name"), _options(data)
    if name == ASK:
        files = _files(options.get(FILE), data, interaction)
        return said(interaction, str(options.get(QUESTION) or ""), files)
    command = COMMANDS.get(name) if isinstance(name, str) else None
    return _commanded(interaction, command, str(options.get(GATEWAY) or "").strip()) if command else None


def typed_in(interaction: discord.Interaction) -> str | None:
    """Take what was typed so far as the gateway's name; None where something else is typed."""
    data: Mapping[str, Any] = interaction.data or {}
    if data.get("name") != Command.MODEL:
        return None
    typed = [option for option in data.get("options") or () if option.get("focused")]
    return str(typed[0].get("value") or "") if typed and typed[0].get("name") == GATEWAY else None


def _commanded(interaction: discord.Interaction, command: Command, argument: str) -> Commanded | None:
    author, place = author_of(interaction), place_of(interaction)
    if author is None or place is None:
        return None
    return Commanded(
        keys=(key_of(interaction),),
        author=author,
        place=place if command in HERE_ONLY else _placed(author, place, hidden=is_hidden(interaction)),
        command=command,
        address=str(answer_address_of(interaction)),
        whole_channel=not place.private and not place.thread,
        argument=argument,
        within=standing_of(interaction),
        awaited=True,
    )


def said(interaction: discord.Interaction, text: str, files: tuple[Attachment, ...] = ()) -> Said | None:
    """Make a question of an interaction that Discord was told an answer will come to."""
    author, place = author_of(interaction), place_of(interaction)
    if author is None or place is None:
        return None
    return Said(
        keys=(key_of(interaction),),
        author=author,
        place=_placed(author, place, hidden=is_hidden(interaction)),
        text=text.strip(),
        address=str(answer_address_of(interaction)),
        origin=str(interaction.id),
        attachments=files,
        within=standing_of(interaction),
        awaited=True,
    )


def is_hidden(interaction: discord.Interaction) -> bool:
    """Tell whether only its author is to read the answer, in a place where others would."""
    if not interaction.guild_id:
        return False
    data = _slash(interaction)
    # what is asked about somebody's message by the menu is between us, too
    return data is None or data.get("name") != ASK or _options(data).get(PRIVATE) is True


def asks_about(interaction: discord.Interaction) -> Mapping[str, Any] | None:
    """Take the message that somebody picked our menu's entry of; None for anything else."""
    data: Mapping[str, Any] = interaction.data or {}
    if interaction.type is not discord.InteractionType.application_command:
        return None
    if data.get("type") != MESSAGE_MENU or data.get("name") != ABOUT:
        return None
    found = ((data.get("resolved") or {}).get("messages") or {}).get(str(data.get("target_id")))
    return found if isinstance(found, Mapping) else None


def may_read(interaction: discord.Interaction) -> bool:
    """Tell whether who sent it can read earlier messages in the place where they are."""
    if not interaction.guild_id:
        return True
    may = interaction.permissions
    return may.view_channel and may.read_message_history


def answer_address_of(interaction: discord.Interaction) -> Address:
    """Tell where the answer to a command goes, from any process, and when its token is over."""
    private, hidden = not interaction.guild_id, is_hidden(interaction)
    return msgspec.structs.replace(
        address_of(interaction),
        interaction=interaction.id,
        user=interaction.user.id,
        hidden=hidden,
        speaks=private or _speaks(interaction),
        locale=locale_of(interaction),
    )


def _placed(author: Author, place: Place, *, hidden: bool) -> Place:
    """Give what only its author reads a place of its own, so that it never becomes context of what all read.

    It stands where a thread's id stands elsewhere. It counts as shared, so that the lists of channels hold for it.
    """
    return replace(place, thread=f"@{author.identity.user}") if hidden else place


def _speaks(interaction: discord.Interaction) -> bool:
    may = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    return may.view_channel and (may.send_messages_in_threads if in_thread else may.send_messages)


def _slash(interaction: discord.Interaction) -> Mapping[str, Any] | None:
    data: Mapping[str, Any] = interaction.data or {}
    if interaction.type is not discord.InteractionType.application_command:
        return None
    return data if data.get("type", SLASH) == SLASH else None


def _options(data: Mapping[str, Any]) -> Mapping[str, object]:
    return {option["name"]: option.get("value") for option in data.get("options") or () if "name" in option}


def _files(
    chosen: object, data: Mapping[str, Any], interaction: discord.Interaction
) -> tuple[Attachment, ...]:
    known = ((data.get("resolved") or {}).get("attachments") or {}).get(str(chosen))
    return (attachment_of(known, interaction.channel_id or 0),) if isinstance(known, Mapping) else ()


def attachment_of(file: Mapping[str, Any], channel: int, message: int = 0) -> Attachment:
    """Take a file as Discord's JSON names it. One that stands below no message can't be asked for again."""
    ref = FileRef(channel=channel, message=message, attachment=int(file["id"]), url=str(file["url"]))
    kind = str(file.get("content_type") or "").partition(";")[0].strip().lower()
    size = file.get("size")
    return Attachment(
        str(ref),
        str(file.get("filename") or ""),
        kind or "application/octet-stream",
        size_bytes=max(0, size) if isinstance(size, int) else 0,
    )
