"""What happened to one turn, step by step, and how it stands: `doctor why` and the console tell it, each in its words.

Which steps there are is decided here alone; `bots/doctor/why.py` and `bots/web/console/pages/told.py` only say them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.domain import CancelRequest, Cause, TurnState
from core.domain.audit import AuditAction
from core.storage.ops.turn_story import TurnStory

LATE = timedelta(minutes=1)
"""What is stored so long after it was said was not heard as it was said."""


class StepKind(StrEnum):
    """What a step is; its values by name."""

    SAID = "said"
    FOUND = "found"
    """It was looked for and found, `minutes` late; stored, and queued."""
    STORED = "stored"
    ADDED = "added"
    """One more message of its author became part of the question."""
    BEGUN = "begun"
    """Attempt `attempt` began, `waited_s` after the question was stored, or after it was held."""
    HELD = "held"
    """The breaker `breaker` held it."""
    CALLED = "called"
    """AIVAX was asked."""
    CALL_FAILED = "call_failed"
    """A call failed with `failure`, at the breaker `breaker`."""
    TOOL = "tool"
    """The tool `name`, and its `state`."""
    RETRIED = "retried"
    """The operator `by` had it tried again."""
    DROPPED = "dropped"
    """The operator `by` took it out of the line."""
    ENDED = "ended"
    """In the turn's state."""


@dataclass(frozen=True, slots=True)
class TurnStep:
    """One moment."""

    at: datetime
    kind: StepKind
    values: Mapping[str, str] = field(default_factory=dict)


class Standing(StrEnum):
    """How a turn stands, where that needs to be said."""

    PAUSED = "paused"
    TRIPPED = "tripped"
    RELEASED = "released"
    PLATFORM = "platform"
    NEXT = "next"
    LOST = "lost"
    RUNNING = "running"
    NOT_TAKEN = "not_taken"
    """It failed, and its answer is stored: its platform did not take it."""
    FAILED = "failed"
    CANCELLED = "cancelled"


def steps_of(story: TurnStory, said_at: datetime | None = None) -> list[TurnStep]:
    """What happened to a turn, the oldest first; `said_at`: as far as its platform's id tells it."""
    return sorted(_steps(story, said_at), key=lambda step: step.at)


def standing_of(
    state: TurnState,
    now: datetime,
    *,
    held_by: str,
    retry_at: datetime | None,
    due_at: datetime,
    lease_until: datetime | None,
) -> Standing | None:
    """Why a turn has not ended; None: it has."""
    match state:
        case TurnState.HELD if retry_at is None:
            return Standing.RELEASED
        case TurnState.HELD:
            return Standing.PAUSED if held_by == Cause.PAUSE else Standing.TRIPPED
        case TurnState.QUEUED:
            return Standing.PLATFORM if due_at > now else Standing.NEXT
        case TurnState.RUNNING:
            return Standing.LOST if lease_until is not None and lease_until < now else Standing.RUNNING
        case _:
            return None


def standing(story: TurnStory, now: datetime) -> Standing | None:
    """How a turn stands, also where it ended otherwise than with an answer."""
    match story.state:
        case TurnState.FAILED:
            return Standing.NOT_TAKEN if story.is_answered else Standing.FAILED
        case TurnState.CANCELLED if story.cancel_request:
            return Standing.CANCELLED
        case _:
            return standing_of(
                story.state,
                now,
                held_by=story.held_by,
                retry_at=story.tripped_until,
                due_at=story.due_at,
                lease_until=story.lease_until,
            )


def _steps(story: TurnStory, said_at: datetime | None) -> Iterator[TurnStep]:
    if said_at is not None:
        yield TurnStep(said_at, StepKind.SAID)
    if said_at is not None and (late := story.created_at - said_at) >= LATE:
        yield TurnStep(story.created_at, StepKind.FOUND, {"minutes": f"{late.total_seconds() / 60:.0f}"})
    else:
        yield TurnStep(story.created_at, StepKind.STORED)
    yield from (TurnStep(at, StepKind.ADDED) for at in story.added)
    if story.started_at is not None:
        since = max(_before(story, story.started_at), default=story.created_at)
        waited_s = max(0.0, (story.started_at - since).total_seconds())
        values = {"attempt": str(story.attempts), "waited_s": f"{waited_s:.1f}"}
        yield TurnStep(story.started_at, StepKind.BEGUN, values)
    if story.held_at is not None:
        yield TurnStep(story.held_at, StepKind.HELD, {"breaker": story.held_by})
    yield from (TurnStep(at, StepKind.CALLED) for at in story.calls)
    for failed in story.failed_calls:
        values = {"breaker": failed.breaker, "failure": failed.failure}
        yield TurnStep(failed.at, StepKind.CALL_FAILED, values)
    for tool in story.tools:
        yield TurnStep(tool.at, StepKind.TOOL, {"name": tool.name, "state": tool.state})
    for deed in story.deeds:
        kind = StepKind.DROPPED if deed.action == AuditAction.DROP else StepKind.RETRIED
        yield TurnStep(deed.at, kind, {"by": deed.by})
    if story.ended_at is not None:
        yield TurnStep(story.ended_at, StepKind.ENDED)


def _before(story: TurnStory, moment: datetime) -> Iterator[datetime]:
    """Since when it may have waited for its attempt."""
    yield story.created_at
    if story.held_at is not None and story.held_at < moment:
        yield story.held_at
    yield from (deed.at for deed in story.deeds if deed.at < moment)


def healed_by(story: TurnStory) -> str:
    """The breaker that held it and let it through again, where it was taken up after that; `""`: none."""
    is_over = story.held_at is not None and story.started_at is not None and story.started_at > story.held_at
    return story.held_by if is_over and story.state is not TurnState.HELD else ""


def was_changed(story: TurnStory) -> bool:
    """Whether another turn took its place since its author changed the question."""
    return story.replaced_by is not None and story.cancel_request == CancelRequest.CHANGE
