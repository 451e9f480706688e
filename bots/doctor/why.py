"""`doctor why`: what became of one message, step by step, or where it stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from core.domain import Cause, TurnState
from core.storage.ops.turn_story import HeardEvent, TurnStory

_SLACK_LINK = re.compile(r"/archives/[A-Z0-9]+/p(\d{10})(\d{6})")
_DISCORD_LINK = re.compile(r"/channels/(?:@me|\d+)/\d+/(\d+)")
NOTHING = (
    "Nothing is stored under that. Either it never reached the bot (it was not addressed to it, its author or the "
    "channel is not allowed, or the platform did not send it), or it is too old. `aivax-bots doctor` tells when "
    "something was last heard; the log counts what is passed over by its reason."
)
CAUGHT_UP = timedelta(minutes=1)
"""What is stored so long after it was said was not heard as it was said."""
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
    for at, step in sorted(_steps(story, said_at(story.platform, story.origin)), key=lambda each: each[0]):
        yield f"  {at:%Y-%m-%d %H:%M:%S}  {step}"
    yield from (f"  -> {each}" for each in _now(story, now))


def _steps(story: TurnStory, said_at: datetime | None) -> Iterator[tuple[datetime, str]]:
    late = story.created_at - said_at if said_at is not None else timedelta(0)
    if said_at is not None:
        yield said_at, "it was said"
    if late >= CAUGHT_UP:
        found = "it was found, as what was said while nobody listened is looked for"
        yield story.created_at, f"{found} ({late.total_seconds() / 60:.0f} minutes late), stored, and queued"
    else:
        yield story.created_at, "it was stored, and queued"
    if story.started_at is not None:
        yield story.started_at, f"attempt {story.attempts} began"
    if story.held_at is not None:
        yield story.held_at, f"the breaker {story.held_by} held it"
    for tool in story.tools:
        yield tool.at, f"the tool {tool.name}: {tool.state}"
    if story.ended_at is not None:
        yield story.ended_at, f"{ENDINGS[story.state]}{_cost(story)}"


def _cost(story: TurnStory) -> str:
    parts = f", shown in {story.shown} messages" if story.shown else ""
    if not story.model:
        return parts
    price = f", {story.credits:.6f} USD" if story.credits is not None else ""
    return f"{parts}, by {story.model} with {story.tokens} tokens{price}"


def _now(story: TurnStory, now: datetime) -> Iterator[str]:
    if story.state is TurnState.HELD:
        if story.held_by == Cause.PAUSE and story.tripped_until is not None:
            yield "answers are paused by an operator; `aivax-bots resume` has it answered"
        elif story.tripped_until is not None:
            wait = max(0.0, (story.tripped_until - now).total_seconds())
            yield f"the next try is in {wait:.0f} s; `aivax-bots doctor` tells what AIVAX says"
        else:
            yield "AIVAX answers again: it is taken up within seconds, while a process runs"
    elif story.state is TurnState.QUEUED and story.due_at > now:
        yield f"its platform could not take the answer; the next try is at {story.due_at:%H:%M:%S}"
    elif story.state is TurnState.QUEUED:
        yield "it is next when a worker is free: is `aivax-bots run` running?"
    elif story.state is TurnState.RUNNING and story.lease_until is not None and story.lease_until < now:
        yield "the process that ran it has gone: another one takes it up when its time is over"
    elif story.state is TurnState.FAILED:
        seen = "its answer is stored, but was not taken by the platform; " if story.is_answered else ""
        line = f" with reference={story.reference}" if story.reference else ""
        yield f"{seen}the error was {story.failure or 'not told'}: the log has the cause in the line{line}"
    elif story.cancel_request and story.state is TurnState.CANCELLED:
        yield f"what was asked for: {story.cancel_request}"
