"""What a Discord message says, as a person reads it: mentions by name, forwards, stickers and polls as text."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import discord

from bots.discord.events.address import FileRef
from core.domain import Attachment

_TOKEN = re.compile(
    r"<(?P<kind>@[!&]?|#)(?P<id>\d{1,20})>"
    r"|<a?(?P<emoji>:\w{1,64}:)\d{1,20}>"
    r"|<(?P<command>/[^<>:\n]{1,120}):\d{1,20}>"
)


@dataclass(frozen=True, slots=True)
class QuotedMessage:
    """A message that somebody asks about: its files, and its words under its author's name, as Discord quotes."""

    text: str
    files: tuple[Attachment, ...] = ()


def quoted(message: discord.Message, channel: int) -> QuotedMessage:
    """Quote a message that stands in `channel`, to be put before the question."""
    lines = [f"**{message.author.display_name}**:", *text_of(message).split("\n")]
    files = tuple(attachment_of(file, channel, message.id) for file in attachments_of(message))
    return QuotedMessage("\n".join(f"> {line}" for line in lines), files)


def text_of(message: discord.Message, mentions: Collection[str] = ()) -> str:
    """Read a message's whole text, without the `mentions` (of the bot) around it."""
    parts = [_with_names(without_mentions(message.content, mentions), message)]
    parts += [_forwarded(snapshot.content, message) for snapshot in message.message_snapshots]
    parts += [f"[sticker: {sticker.name}]" for sticker in message.stickers]
    if message.poll is not None:
        answers = " / ".join(answer.text for answer in message.poll.answers)
        parts.append(f"[poll: {message.poll.question}: {answers}]")
    return "\n".join(part for part in parts if part)


def attachments_of(message: discord.Message) -> list[discord.Attachment]:
    """List a message's files, and those of what it forwards."""
    return [*message.attachments, *(file for snap in message.message_snapshots for file in snap.attachments)]


def attachment_of(file: discord.Attachment, channel: int, message: int = 0) -> Attachment:
    """Describe a file to the core. One that belongs to no message can't be asked for again."""
    ref = FileRef(channel=channel, message=message, attachment=file.id, url=file.url)
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    return Attachment(
        str(ref), file.filename, kind or "application/octet-stream", size_bytes=max(0, file.size or 0)
    )


def without_mentions(text: str, mentions: Collection[str]) -> str:
    """Take the given mentions off the text's beginning and end; in its middle they are part of a sentence."""
    text = text.strip()
    while mention := next((each for each in mentions if text.startswith(each)), ""):
        text = text[len(mention) :].lstrip(" \t\n,:")
    while mention := next((each for each in mentions if text.endswith(each)), ""):
        text = text[: -len(mention)].rstrip()
    return text


def _with_names(text: str, message: discord.Message) -> str:
    """Replace Discord's tokens by the names that its clients show; unknown ones stay."""
    return _TOKEN.sub(lambda token: _name_of(token, message), text)


def _name_of(token: re.Match[str], message: discord.Message) -> str:
    if (plain := token["emoji"] or token["command"]) is not None:
        return plain
    kind, id_ = token["kind"], int(token["id"])
    if kind == "#":
        channel = message.guild.get_channel_or_thread(id_) if message.guild else None
        return f"#{channel.name}" if channel else token[0]
    if kind == "@&":
        role = message.guild.get_role(id_) if message.guild else None
        return f"@{role.name}" if role else token[0]
    user = next((user for user in getattr(message, "mentions", ()) if user.id == id_), None)
    return f"@{user.display_name}" if user else token[0]


def _forwarded(text: str, message: discord.Message) -> str:
    return "\n".join(f"> {line}" for line in _with_names(text, message).split("\n")) if text else ""
