"""`doctor why`: what became of one message, step by step, or where it stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from core.domain import TurnState
from core.operations.turn_steps import (
    Standing,
    StepKind,
    TurnStep,
    healed_by,
    standing,
    steps_of,
    was_changed,
)
from core.storage.ops.turn_story import HeardEvent, TurnStory

_SLACK_LINK = re.compile(r"/archives/[A-Z0-9]+/p(\d{10})(\d{6})")
_DISCORD_LINK = re.compile(r"/channels/(?:@me|\d+)/\d+/(\d+)")
NOTHING = (
    "Nothing is stored under that. Either it never reached the bot (it was not addressed to it, its author or the "
    "channel is not allowed, or the platform did not send it), or it is too old. `aivax-bots doctor` tells when "
    "something was last heard; the log counts what is passed over by its reason."
)
NO_QUESTION = (
    "It came, and no question was made of it: a limit or [access] keeps its author from asking, or it was no "
    "question (a command, an edit, an empty message)."
)
ENDINGS = {
    TurnState.QUEUED: "it waits for its turn",
    TurnState.RUNNING: "it is being answered",
    TurnState.HELD: "it waits for AIVAX",
    TurnState.ANSWERED: "it was answered",
    TurnState.FAILED: "it failed",
    TurnState.CANCELLED: "its author, or a deletion, ended it",
    TurnState.SUPERSEDED: "newer or changed words took its place",
}

STEPS = {
    StepKind.SAID: "it was said",
    StepKind.FOUND: "it was found, as what was said while nobody listened is looked for ({minutes} minutes late), "
    "stored, and queued",
    StepKind.STORED: "it was stored, and queued",
    StepKind.ADDED: "more was said, and became part of it",
    StepKind.BEGUN: "attempt {attempt} began, after {waited_s} s of waiting",
    StepKind.HELD: "the breaker {breaker} held it",
    StepKind.CALLED: "AIVAX was asked",
    StepKind.CALL_FAILED: "AIVAX failed: {failure}, at the breaker {breaker}",
    StepKind.TOOL: "the tool {name}: {state}",
    StepKind.RETRIED: "the operator {by} had it tried again",
    StepKind.DROPPED: "the operator {by} took it out of the line",
}
STANDINGS = {
    Standing.PAUSED: "answers are paused by an operator; `aivax-bots resume` has it answered",
    Standing.TRIPPED: "the next try is in {wait_s:.0f} s; `aivax-bots doctor` tells what AIVAX says",
    Standing.RELEASED: "AIVAX answers again: it is taken up within seconds, while a process runs",
    Standing.PLATFORM: "its platform could not take the answer; the next try is at {due}",
    Standing.NEXT: "it is next when a worker is free: is `aivax-bots run` running?",
    Standing.LOST: "the process that ran it has gone: another one takes it up when its time is over",
    Standing.NOT_TAKEN: "its answer is stored, but was not taken by the platform; the error was {failure}: the log has "
    "the cause in the line{line}",
    Standing.FAILED: "the error was {failure}: the log has the cause in the line{line}",
    Standing.CANCELLED: "what was asked for: {request}",
}


def ids_of(asked: str) -> tuple[str, ...]:
    """What a reference, an id or a link to a message may stand under in the database."""
    text = asked.strip().strip("`<>")
    if found := _SLACK_LINK.search(text):
        return (f"{found[1]}.{found[2]}",)
    if found := _DISCORD_LINK.search(text):
        return (found[1],)
    return tuple(dict.fromkeys((text, text.lower())))


SaidAt = Callable[[str, str], datetime | None]
"""When a message was said, as far as its platform's id of it tells: given the platform and the id."""


def _untold(_platform: str, _origin: str) -> datetime | None:
    return None


def told(stories: Sequence[TurnStory], now: datetime, said_at: SaidAt = _untold) -> str:
    """All of it, for a terminal."""
    return "\n\n".join("\n".join(_lines(story, now, said_at)) for story in stories) or NOTHING


def told_of_refused(event: HeardEvent, now: datetime) -> str:
    """What became of a message that no question was made of."""
    lines = [NO_QUESTION, f"  {event.at:%Y-%m-%d %H:%M:%S}  it was heard"]
    if event.reply is None:
        lines.append(
            "  -> nothing was said to it; of what is refused within an hour of its sentence a sign tells"
        )
        return "\n".join(lines)
    return "\n".join([*lines, "What was said to it:", *_lines(event.reply, now, _untold)])


def _lines(story: TurnStory, now: datetime, said_at: SaidAt) -> Iterator[str]:
    what = "a sentence of the bot's own" if story.notice else story.capability or "a question"
    place = f"{story.platform} {story.workspace} {story.channel}".replace("  ", " ")
    reference = f", reference {story.reference}" if story.reference else ""
    yield f"Turn {story.id}: {what} in {place}{reference}: {ENDINGS[story.state]}"
    for step in steps_of(story, said_at(story.platform, story.origin)):
        yield f"  {step.at:%Y-%m-%d %H:%M:%S}  {_step(step, story)}"
    yield from (f"  -> {each}" for each in _now(story, now))


def _step(step: TurnStep, story: TurnStory) -> str:
    if step.kind is StepKind.ENDED:
        return f"{ENDINGS[story.state]}{_cost(story)}"
    return STEPS[step.kind].format(**step.values)


def _cost(story: TurnStory) -> str:
    parts = f", shown in {story.shown} messages" if story.shown else ""
    if not story.model:
        return parts
    price = f", {story.credits:.6f} USD" if story.credits is not None else ""
    return f"{parts}, by {story.model} with {story.tokens} tokens{price}"


def _now(story: TurnStory, now: datetime) -> Iterator[str]:
    if (how := standing(story, now)) is not None and how in STANDINGS:
        wait_s = (story.tripped_until - now).total_seconds() if story.tripped_until else 0.0
        line = f" with reference={story.reference}" if story.reference else ""
        yield STANDINGS[how].format(
            wait_s=max(0.0, wait_s),
            due=f"{story.due_at:%H:%M:%S}",
            failure=story.failure or "not told",
            line=line,
            request=story.cancel_request,
        )
    if breaker := healed_by(story):
        yield f"the breaker {breaker} let it through again"
    if was_changed(story):
        yield f"its author changed the question: turn {story.replaced_by} answers it"
    elif story.replaced_by is not None:
        yield f"the question was asked once more, as turn {story.replaced_by}"
    if story.replaces is not None:
        yield f"it stands in the place of turn {story.replaces}"
    if story.generation:
        yield f"its text was begun anew {story.generation} times"
    if story.gone:
        yield f"{story.gone} messages of the answer are on the platform no more"
