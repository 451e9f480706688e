"""`doctor why`: what became of one message, step by step, or where it stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from core.domain import TurnState
from core.storage.ops.turn_story import TurnStory

_SLACK_LINK = re.compile(r"/archives/[A-Z0-9]+/p(\d{10})(\d{6})")
_DISCORD_LINK = re.compile(r"/channels/(?:@me|\d+)/\d+/(\d+)")
NOTHING = (
    "Nothing is stored under that. Either it never reached the bot (it was not addressed to it, its author or the "
    "channel is not allowed, or the platform did not send it), or it is too old. `aivax-bots doctor` tells when "
    "something was last heard; the log counts what is passed over by its reason."
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


def told(stories: Sequence[TurnStory], now: datetime) -> str:
    """All of it, for a terminal."""
    return "\n\n".join("\n".join(_lines(story, now)) for story in stories) or NOTHING


def _lines(story: TurnStory, now: datetime) -> Iterator[str]:
    what = "a sentence of the bot's own" if story.notice else story.capability or "a question"
    place = f"{story.platform} {story.workspace} {story.channel}".replace("  ", " ")
    reference = f", reference {story.reference}" if story.reference else ""
    yield f"Turn {story.id}: {what} in {place}{reference}: {ENDINGS[story.state]}"
    for at, step in sorted(_steps(story), key=lambda each: each[0]):
        yield f"  {at:%Y-%m-%d %H:%M:%S}  {step}"
    yield from (f"  -> {each}" for each in _now(story, now))


def _steps(story: TurnStory) -> Iterator[tuple[datetime, str]]:
    if story.said_at is not None and abs((story.said_at - story.created_at).total_seconds()) > 1:
        yield story.said_at, "it was said"
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
        if story.tripped_until is not None:
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
