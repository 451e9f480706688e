"""A message that somebody asks about, as it is put before the question."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bots.discord.events.markup_in import attachment_of, attachments_of, text_of
from core.domain.messages import Attachment


@dataclass(frozen=True, slots=True)
class QuotedMessage:
    """Its words, as Discord shows a quotation, under its author's name; and its files."""

    text: str
    files: tuple[Attachment, ...] = ()


def quoted(message: discord.Message, channel: int) -> QuotedMessage:
    """Quote a message that stands in `channel`."""
    lines = [f"**{message.author.display_name}**:", *text_of(message).split("\n")]
    files = tuple(attachment_of(file, channel, message.id) for file in attachments_of(message))
    return QuotedMessage("\n".join(f"> {line}" for line in lines), files)
