"""A turn as the runner sees it, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.messages import Attachment, Author, Place


class TurnState(StrEnum):
    """What `turns.state` holds."""

    QUEUED = "queued"
    RUNNING = "running"
    PARKED = "parked"
    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed turn: this process may run it, as attempt number `attempt`, until it is fenced."""

    id: int
    key: str
    """32 hexadecimal digits: idempotency key towards AIVAX, and root of the nonces of its posts."""
    conversation_id: int
    attempt: int
    tries: int
    generation: int
    author: Author
    person_key: str
    place: Place
    address: str
    notice: bool
    created_at: datetime
    answer: str | None
    """Known already when the bot speaks for itself, or when a crash came after the text was complete."""
    announced: int = 0
    """How many attempts before this one only told its author their place in line."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One stored message of a conversation."""

    turn_id: int
    role: Literal["user", "assistant"]
    text: str
    author_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    origin: str = ""
