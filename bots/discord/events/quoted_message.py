"""A message that somebody asks about, as it is put before the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bots.discord.events.interactions import attachment_of
from bots.discord.events.markup_in import attachments_of, said_in
from core.domain.messages import Attachment


@dataclass(frozen=True, slots=True)
class Picked:
    """What is known of it."""

    channel: int
    message: int
    author_name: str
    text: str
    files: tuple[Attachment, ...] = ()

    @property
    def quote(self) -> str:
        """Its words, as Discord shows a quotation, under its author's name."""
        lines = [f"**{self.author_name}**:", *self.text.split("\n")]
        return "\n".join(f"> {line}" for line in lines)


def picked_from_json(message: Mapping[str, Any], channel: int) -> Picked:
    """Read a message as a command of the menu brings it, complete whatever the bot may read otherwise."""
    author = message.get("author") or {}
    inner = [snapshot.get("message") or {} for snapshot in message.get("message_snapshots") or ()]
    parts = [message, *inner]
    id_ = int(message["id"])
    return Picked(
        channel=channel,
        message=id_,
        author_name=str(author.get("global_name") or author.get("username") or ""),
        text="\n".join(text for part in parts if (text := str(part.get("content") or ""))),
        files=tuple(
            attachment_of(file, channel, id_) for part in parts for file in part.get("attachments") or ()
        ),
    )


def picked_from_message(message: discord.Message) -> Picked:
    """Read a message that was asked for."""
    return Picked(
        channel=message.channel.id,
        message=message.id,
        author_name=message.author.display_name,
        text=said_in(message),
        files=tuple(
            attachment_of(file.to_dict(), message.channel.id, message.id) for file in attachments_of(message)
        ),
    )
