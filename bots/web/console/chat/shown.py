"""Entries of the chat as templates are given them, and the events that bring changes to a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bots.web.console.chat.markdown import html_of
from core.conversations.file_types import PICTURES
from core.domain import Action
from core.storage.console_chat.entries import Entry, EntryKind, FileLine, Sign
from core.util.text import shorten

MOST_SAID = 600
"""Characters of an answer that a screen reader is told by itself; the rest is on the page."""
PRESSABLE = {each.value for each in Action}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file, and whether it is shown as a picture."""

    line: FileLine
    is_picture: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry, rendered."""

    entry: Entry
    html: str | None
    """What the bot said; None for a person's words, which are shown as they are."""
    files: Sequence[ShownFile]
    buttons: Sequence[Mapping[str, str]]

    @property
    def is_bot(self) -> bool:
        return self.entry.kind is EntryKind.BOT


def shown(entries: Sequence[Entry]) -> list[Shown]:
    """Entries as they are drawn; what was forgotten, and holds nothing any more, is left out."""
    return [
        Shown(
            each,
            html_of(each.text) if each.kind is EntryKind.BOT else None,
            [ShownFile(line, line.media_type in PICTURES) for line in each.files],
            [button for button in each.buttons if button.get("action") in PRESSABLE],
        )
        for each in entries
        if each.text.strip() or each.files or each.ideas
    ]


def seen_of(signs: Sequence[Sign]) -> str:
    """A short name for what a page shows: another one where anything changed."""
    return sha256(repr([(each.id, each.version, each.size) for each in signs]).encode()).hexdigest()[:16]


def is_awaited(entries: Sequence[Entry]) -> bool:
    """Whether what was said last is still to be answered."""
    return (
        bool(entries) and entries[-1].kind is EntryKind.PERSON and bool(entries[-1].text or entries[-1].files)
    )


def said(entries: Sequence[Entry]) -> str:
    """What a screen reader is told once an answer has come to rest; `""`: nothing."""
    newest = next((each for each in reversed(entries) if each.kind is EntryKind.BOT), None)
    return shorten(" ".join(newest.text.split()), MOST_SAID) if newest is not None else ""


def values_of(entries: Sequence[Entry], *, may_send: bool) -> Mapping[str, Any]:
    """What the template of the whole list is given."""
    return {"entries": shown(entries), "is_awaited": is_awaited(entries), "may_send": may_send}
