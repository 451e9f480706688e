"""Turns and breakers in the reader's words: states, why one waits, what happened when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain import CancelRequest, TurnState
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.storage.console.conversation import SpokenTurn
from core.storage.console.turns import TurnLine
from core.storage.ops.turn_story import TurnStory

STATE_NAMES = {
    TurnState.QUEUED: T.STATE_QUEUED,
    TurnState.RUNNING: T.STATE_RUNNING,
    TurnState.HELD: T.STATE_HELD,
    TurnState.ANSWERED: T.STATE_ANSWERED,
    TurnState.FAILED: T.STATE_FAILED,
    TurnState.CANCELLED: T.STATE_CANCELLED,
    TurnState.SUPERSEDED: T.STATE_SUPERSEDED,
}
CAUSES = {
    "pause": T.CAUSE_PAUSE,
    "balance": T.CAUSE_BALANCE,
    "media": T.CAUSE_MEDIA,
    "storage": T.CAUSE_STORAGE,
    "rate": T.CAUSE_RATE,
    "outage": T.CAUSE_OUTAGE,
}


class Mood(StrEnum):
    """How a state looks."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


MOODS = {
    TurnState.ANSWERED: Mood.OK,
    TurnState.RUNNING: Mood.OK,
    TurnState.HELD: Mood.WARN,
    TurnState.FAILED: Mood.BAD,
}


@dataclass(frozen=True, slots=True)
class Told:
    """Why a turn waits, and until when, if that is known."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of a turn."""

    at: datetime
    text: str
    mood: Mood = Mood.IDLE
    detail: str = ""


def breaker_name(name: str, speaks: ConsoleTranslator) -> str:
    """A breaker by its cause, and by its model where it is one model's own."""
    cause, _, model = name.partition(":")
    said = speaks.say(CAUSES[cause]) if cause in CAUSES else cause
    return f"{said} ({model})" if model else said


def why_it_waits(turn: TurnLine | TurnStory, speaks: ConsoleTranslator, now: datetime) -> Told:
    """Why a turn has not ended."""
    retry_at = turn.retry_at if isinstance(turn, TurnLine) else turn.tripped_until
    match turn.state:
        case TurnState.HELD if retry_at is not None:
            return Told(breaker_name(turn.held_by, speaks), retry_at)
        case TurnState.HELD:
            return Told(speaks.say(T.WHY_RELEASED))
        case TurnState.QUEUED if turn.due_at > now:
            return Told(speaks.say(T.WHY_PLATFORM), turn.due_at)
        case TurnState.QUEUED:
            return Told(speaks.say(T.WHY_NEXT))
        case TurnState.RUNNING if turn.lease_until is not None and turn.lease_until < now:
            return Told(speaks.say(T.WHY_LOST))
        case TurnState.RUNNING:
            return Told(speaks.say(T.WHY_RUNNING))
        case _:
            return Told("")


MARKS = {
    CancelRequest.CHANGE: T.MARK_CHANGED,
    CancelRequest.WITHDRAW: T.MARK_WITHDRAWN,
    CancelRequest.TAKE_BACK: T.MARK_TAKEN_BACK,
    CancelRequest.STOP: T.MARK_STOPPED,
    CancelRequest.INTERRUPT: T.MARK_INTERRUPTED,
}
"""What became of a question or its answer by somebody's wish."""


def marks_of(turn: SpokenTurn) -> list[T]:
    """What was changed, deleted or broken off of a turn."""
    marks = [MARKS[turn.cancel_request]] if turn.cancel_request in MARKS else []
    if turn.replaced_by is not None and turn.cancel_request is not CancelRequest.CHANGE:
        marks.append(T.MARK_REPLACED)
    if turn.is_emptied:
        marks.append(T.NO_WORDS)
    return marks


def steps_of(story: TurnStory, speaks: ConsoleTranslator) -> list[Step]:
    """What happened to a turn, the oldest first."""
    return sorted(_steps(story, speaks), key=lambda step: step.at)


def _steps(story: TurnStory, speaks: ConsoleTranslator) -> Iterator[Step]:
    yield Step(story.created_at, speaks.say(T.STEP_STORED))
    if story.started_at is not None:
        yield Step(story.started_at, speaks.say(T.STEP_BEGUN, attempt=story.attempts))
    if story.held_at is not None:
        yield Step(story.held_at, speaks.say(T.STEP_HELD), Mood.WARN, breaker_name(story.held_by, speaks))
    for tool in story.tools:
        yield Step(tool.at, speaks.say(T.STEP_TOOL, name=tool.name), Mood.IDLE, tool.state)
    if story.ended_at is not None:
        yield Step(
            story.ended_at,
            speaks.say(STATE_NAMES[story.state]),
            MOODS.get(story.state, Mood.IDLE),
            story.failure,
        )
