"""What of a channel is summarised: by whom, how much of it, and the form in which a model reads it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.conversations.framing import INDENT, Names, harmless, indented, is_blank
from core.domain import ChannelMessage
from core.scheduled.settings import DigestSettings
from core.util.text import shorten
from core.util.time_zones import known_zone

MESSAGE_CHARS = 4_000
"""What is read of one message: more is hardly ever said, and a pasted log is no talk."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said, numbered from 1 in its order."""

    messages: Sequence[ChannelMessage]
    lines: Sequence[str]
    """A line, or several, for each message."""
    older_left_out: int = 0
    """How many did not fit."""


def sayable(messages: Sequence[ChannelMessage], left_out: Collection[str]) -> list[ChannelMessage]:
    """What people said who are not left out; nothing that a bot said."""
    return [
        each
        for each in messages
        if not each.by_bot
        and not each.quote.own
        and each.quote.author not in left_out
        and not (is_blank(each.quote.text) and not each.quote.attachments)
    ]


def heard(messages: Sequence[ChannelMessage], settings: DigestSettings) -> Heard:
    """Number the newest messages that fit."""
    names, zone = Names(), settings.time_zone
    told = [(each, _told(each, names, zone)) for each in messages[-settings.most_messages :]]
    kept, room = 0, settings.most_chars
    for _, text in reversed(told):
        room -= len(text)
        if room < 0:
            break
        kept += 1
    newest = told[len(told) - kept :]
    lines = [f"[{number}] {text}" for number, (_, text) in enumerate(newest, 1)]
    return Heard([each for each, _ in newest], lines, len(messages) - kept)


def pieces(lines: Sequence[str], most_chars: int) -> list[str]:
    """Join lines into texts of at most so many characters; a longer line is cut."""
    found: list[list[str]] = []
    room = 0
    for line in lines:
        cut = line[:most_chars]
        if not found or len(cut) + 1 > room:
            found.append([])
            room = most_chars
        found[-1].append(cut)
        room -= len(cut) + 1
    return ["\n".join(each) for each in found]


def _told(message: ChannelMessage, names: Names, zone: str) -> str:
    """A message as the model reads it: when, who, and what, whose further lines can't pose as another's."""
    quote = message.quote
    at = _clock(message.at, zone)
    who = names.label(quote.author_name, quote.author)
    words = indented(shorten(quote.text.strip(), MESSAGE_CHARS))
    files = "".join(f"\n{INDENT}(file: {harmless(name)[:80]})" for name in quote.attachment_names[:5])
    return f"{at} {who}: {words}{files}"


def _clock(at: datetime, zone: str) -> str:
    return f"{at.astimezone(known_zone(zone)):%a %H:%M}"
