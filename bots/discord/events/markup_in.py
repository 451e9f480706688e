"""What a Discord message says, as a person reads it: mentions by name, forwards, stickers and polls as text."""

from __future__ import annotations

import re
from collections.abc import Collection

import discord

_TOKEN = re.compile(
    r"<(?P<kind>@[!&]?|#)(?P<id>\d{1,20})>"
    r"|<a?(?P<emoji>:\w{1,64}:)\d{1,20}>"
    r"|<(?P<command>/[^<>:\n]{1,120}):\d{1,20}>"
)


def said_in(message: discord.Message, calls: Collection[str] = ()) -> str:
    """Read a message's whole text, without the `calls` (mentions of the bot) around it."""
    parts = [readable(without_calls(message.content, calls), message)]
    parts += [_forwarded(snapshot.content, message) for snapshot in message.message_snapshots]
    parts += [f"[sticker: {sticker.name}]" for sticker in message.stickers]
    if message.poll is not None:
        answers = " / ".join(answer.text for answer in message.poll.answers)
        parts.append(f"[poll: {message.poll.question}: {answers}]")
    return "\n".join(part for part in parts if part)


def attachments_of(message: discord.Message) -> list[discord.Attachment]:
    """List a message's files, and those of what it forwards."""
    return [*message.attachments, *(file for snap in message.message_snapshots for file in snap.attachments)]


def without_calls(text: str, calls: Collection[str]) -> str:
    """Take the given mentions off the text's beginning and end; in its middle they are part of a sentence."""
    text = text.strip()
    while call := next((call for call in calls if text.startswith(call)), ""):
        text = text[len(call) :].lstrip(" \t\n,:")
    while call := next((call for call in calls if text.endswith(call)), ""):
        text = text[: -len(call)].rstrip()
    return text


def readable(text: str, message: discord.Message) -> str:
    """Replace Discord's tokens by the names that its clients show; unknown ones stay."""
    if "<" not in text:
        return text
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
    return "\n".join(f"> {line}" for line in readable(text, message).split("\n")) if text else ""
