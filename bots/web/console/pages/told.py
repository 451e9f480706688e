"""Turns and breakers in the reader's words: states, why one waits, what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.domain import CancelRequest, TurnState
from core.i18n.console import ConsoleTranslator
from core.i18n.console_text import ConsoleText as T
from core.operations.turn_steps import (
    Standing,
    StepKind,
    TurnStep,
    healed_by,
    standing_of,
    steps_of,
    was_changed,
)
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
    how = standing_of(
        turn.state,
        now,
        held_by=turn.held_by,
        retry_at=retry_at,
        due_at=turn.due_at,
        lease_until=turn.lease_until,
    )
    match how:
        case None:
            return Told("")
        case Standing.PAUSED | Standing.TRIPPED:
            return Told(breaker_name(turn.held_by, speaks), retry_at)
        case Standing.PLATFORM:
            return Told(speaks.say(T.WHY_PLATFORM), turn.due_at)
        case _:
            return Told(speaks.say(WHYS[how]))


WHYS = {
    Standing.RELEASED: T.WHY_RELEASED,
    Standing.NEXT: T.WHY_NEXT,
    Standing.LOST: T.WHY_LOST,
    Standing.RUNNING: T.WHY_RUNNING,
}


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


STEPS = {
    StepKind.SAID: T.STEP_SAID,
    StepKind.FOUND: T.STEP_FOUND,
    StepKind.STORED: T.STEP_STORED,
    StepKind.ADDED: T.STEP_ADDED,
    StepKind.BEGUN: T.STEP_BEGUN,
    StepKind.HELD: T.STEP_HELD,
    StepKind.CALLED: T.STEP_CALLED,
    StepKind.CALL_FAILED: T.STEP_CALL_FAILED,
    StepKind.TOOL: T.STEP_TOOL,
    StepKind.RETRIED: T.STEP_RETRIED,
    StepKind.DROPPED: T.STEP_DROPPED,
}
WORTH_TELLING_S = 1.0
"""How long a question waits at least where that is told."""
STEP_MOODS = {StepKind.HELD: Mood.WARN, StepKind.CALL_FAILED: Mood.BAD}


def steps_told(story: TurnStory, speaks: ConsoleTranslator) -> list[Step]:
    """What happened to a turn, the oldest first, in the reader's words."""
    return [_step(step, story, speaks) for step in steps_of(story)]


def _step(step: TurnStep, story: TurnStory, speaks: ConsoleTranslator) -> Step:
    if step.kind is StepKind.ENDED:
        mood = MOODS.get(story.state, Mood.IDLE)
        return Step(step.at, speaks.say(STATE_NAMES[story.state]), mood, story.failure)
    return Step(
        step.at,
        speaks.say(STEPS[step.kind], **step.values),
        STEP_MOODS.get(step.kind, Mood.IDLE),
        _detail(step, speaks),
    )


def _detail(step: TurnStep, speaks: ConsoleTranslator) -> str:
    values = step.values
    match step.kind:
        case StepKind.BEGUN if (waited_s := float(values["waited_s"])) >= WORTH_TELLING_S:
            return speaks.say(T.STEP_WAITED, span=speaks.seconds(waited_s))
        case StepKind.HELD:
            return breaker_name(values["breaker"], speaks)
        case StepKind.CALL_FAILED:
            return f"{values['failure']} · {breaker_name(values['breaker'], speaks)}"
        case StepKind.TOOL:
            return values["state"]
        case _:
            return ""


def notes_of(story: TurnStory, speaks: ConsoleTranslator) -> list[tuple[str, int | None]]:
    """What is known of it without a time, each with the turn that it leads to."""
    notes: list[tuple[str, int | None]] = []
    if breaker := healed_by(story):
        notes.append((speaks.say(T.NOTE_HEALED, breaker=breaker_name(breaker, speaks)), None))
    if story.replaced_by is not None:
        text = T.NOTE_CHANGED if was_changed(story) else T.NOTE_ASKED_AGAIN
        notes.append((speaks.say(text, number=story.replaced_by), story.replaced_by))
    if story.replaces is not None:
        notes.append((speaks.say(T.NOTE_REPLACES, number=story.replaces), story.replaces))
    if story.generation:
        notes.append((speaks.say(T.NOTE_ANEW, count=story.generation), None))
    if story.gone:
        notes.append((speaks.say(T.NOTE_GONE, count=story.gone), None))
    mark = MARKS.get(CancelRequest(story.cancel_request)) if story.cancel_request else None
    if mark is not None and not was_changed(story):
        notes.append((speaks.say(mark), None))
    return notes
