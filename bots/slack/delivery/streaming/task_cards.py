"""The tools of an answer as Slack's task cards: what each one shows, and which are still to be drawn. Pure.

Whatever AIVAX or a model wrote into a tool's name, id or explanation, a card stays small, and harmless.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.delivery.markup_out import disarmed
from core.domain import Status, ToolActivity, ToolState

MOST_BYTES_FOR_CARDS = 3_000
MOST_CARDS = 40
"""Slack refuses more than some 45 in one message (measured)."""
MOST_DRAWN_AGAIN = 10
TITLE_CHARS = 256
DETAILS_CHARS = 400
_MOST_BYTES_OF_TEXT = 1_200
_REASON_BEGINS = 24

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_MARKUP = re.compile(r"[*_`~|<>\[\]#\\]")
_ENDING = re.compile(r"\s?…\Z")
_STATES: Mapping[ToolState, str] = {
    ToolState.CREATED: "pending",
    ToolState.RUNNING: "in_progress",
    ToolState.COMPLETED: "complete",
    ToolState.FAILED: "error",
}


@dataclass(slots=True)
class Card:
    """A tool, as its task card shows it."""

    title: str
    status: str
    details: str = ""
    shown: bool = False
    told: bool = False
    """Whether the details stand on the stream already: Slack appends them."""

    @property
    def open(self) -> bool:
        return self.status in ("pending", "in_progress")

    def chunk(self, key: str) -> dict[str, Any]:
        """What draws it, or changes it."""
        told = {"details": self.details} if self.details and not self.told else {}
        return {"type": "task_update", "id": key, "title": self.title, "status": self.status, **told}


class Cards:
    """The tools of an answer. Those that still run are shown again on each new stream."""

    def __init__(self) -> None:
        self._cards: dict[str, Card] = {}

    def note(self, status: Status) -> None:
        """Update the card of a tool; a field that the new status leaves empty keeps its first value."""
        if (activity := status.activity) is None:
            return
        key = _key(activity)
        known = self._cards.get(key) or Card("", "")
        title = _cut(_without_reason(status.text, activity.explanation), TITLE_CHARS)
        self._cards[key] = Card(
            title=title or known.title or _cut(activity.name, TITLE_CHARS) or "…",
            status=_STATES[activity.state],
            details=known.details or _cut(activity.explanation, DETAILS_CHARS),
            told=known.told,
        )

    def begin_again(self) -> None:
        """A new stream: what ended stays on the old one, what runs is drawn again, the newest of it at least."""
        running = [key for key, card in self._cards.items() if card.shown and card.open][-MOST_DRAWN_AGAIN:]
        self._cards = {key: card for key, card in self._cards.items() if not card.shown or key in running}
        for card in self._cards.values():
            card.shown = card.told = False

    def due(self, drawn: frozenset[str], room: int) -> dict[str, Card]:
        """Which cards are to be drawn, as many as have room beside those that are."""
        due: dict[str, Card] = {}
        for key, card in self.waiting.items():
            wider = {**due, key: card}
            if cards_size(wider) > min(MOST_BYTES_FOR_CARDS, room) or len(drawn | wider.keys()) > MOST_CARDS:
                break
            due = wider
        return due

    def drawn(self, cards: Mapping[str, Card]) -> None:
        """Mark these as shown; a card that was updated meanwhile is sent again."""
        for key, card in cards.items():
            card.shown = card.told = True
            if key in self._cards:
                self._cards[key].told = True

    @property
    def waiting(self) -> Mapping[str, Card]:
        """The cards that are still to be drawn."""
        return {key: card for key, card in self._cards.items() if not card.shown}


def cards_size(cards: Mapping[str, Card]) -> int:
    """How many bytes they take, from above."""
    return sum(len(f"{key}{card.title}{card.details}".encode()) for key, card in cards.items())


def _key(activity: ToolActivity) -> str:
    """The tool's own id where it is a plain one."""
    hashed = hashlib.sha256(activity.id.encode("utf-8", "replace")).hexdigest()[:32]
    return activity.id if _ID.fullmatch(activity.id) else hashed


def _cut(text: str, most_chars: int) -> str:
    """One harmless line of bounded length, in characters and in bytes."""
    line = disarmed(" ".join(text.split())[:most_chars])[:most_chars]
    return line.encode("utf-8", "ignore")[:_MOST_BYTES_OF_TEXT].decode("utf-8", "ignore")


def _without_reason(title: str, reason: str) -> str:
    """A card shows why below its title, so the title need not say it too."""
    begins = " ".join(_MARKUP.sub("", reason).split())[:_REASON_BEGINS]
    at = title.find(begins) if begins else -1
    ending = _ENDING.search(title)
    return title[:at].rstrip(" :") + (ending.group() if ending else "") if at > 0 else title
