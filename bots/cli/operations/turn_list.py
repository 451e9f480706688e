"""`aivax-bots turns list` and `show`: read from the database, beside a running bot too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import typer

from bots import PROBLEM
from bots.cli.operations.reach import reading
from bots.doctor.why import ids_of, told
from bots.terminal.text import age, printable
from core.domain import TurnState
from core.storage.operations.turn_list import KeptMessage, ListedTurn, Wanted, kept_of
from core.storage.operations.turn_list import list_turns as listed_of
from core.storage.ops.turn_story import TurnStory, stories

if TYPE_CHECKING:
    from bots.settings import Settings
    from core.storage.db import Database


class State(StrEnum):
    """The states of a turn, as operators read them."""

    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"
    FAILED = "failed"
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


STORED_AS = {State.WAITING: TurnState.QUEUED, State.HELD: TurnState.HELD}
"""Where the word differs from the stored one."""
SHOWN_AS = {stored: shown for shown, stored in STORED_AS.items()}
UNKNOWN = "No turn is known by that: give its number, the reference that its author was told, or a link."
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=36_500)
_HIGHEST_NUMBER = 2**48
"""Above it a number is no turn's own: platforms number messages so."""


async def list_turns(
    settings: Settings, states: str, platform: str, older_than: str, most: int, as_json: bool
) -> int:
    """Print the turns that are wanted."""
    ago = span(older_than, "--older-than") if older_than else None
    of_states = list(_states(states))
    async with reading(settings) as database:
        now = database.now()
        wanted = Wanted(of_states, platform, None if ago is None else now - ago, most)
        listed, in_all = await listed_of(database, wanted)
    if as_json:
        typer.echo(json.dumps({"turns": [_row(each) for each in listed], "in_all": in_all}, indent=2))
        return 0
    typer.echo("\n".join(_table(listed, now)) or "There is none.")
    if in_all > len(listed):
        typer.echo(f"{in_all - len(listed)} older ones are left out: see --limit.", err=True)
    return 0


async def show_turn(settings: Settings, asked: str, *, with_text: bool) -> int:
    """Print the story of each turn that is meant, and what is kept of it."""
    async with reading(settings) as database:
        stories_ = await found(database, asked)
        if not stories_:
            typer.echo(f"aivax-bots: {UNKNOWN}", err=True)
            return PROBLEM
        parts = []
        for story in stories_:
            kept = await kept_of(database, story.id)
            parts.append("\n".join([told([story], database.now()), *_kept(kept, with_text=with_text)]))
    typer.echo("\n\n".join(parts))
    return 0


async def found(database: Database, asked: str) -> Sequence[TurnStory]:
    """The turns that a number, a reference, an id or a link names; the oldest first."""
    number = int(asked) if asked.isdecimal() and asked.isascii() and len(asked) < 16 else None
    if number is not None and number >= _HIGHEST_NUMBER:
        number = None
    return await stories(database, ids_of(asked), number=number)


def span(text: str, option: str) -> timedelta:
    """A length of time such as `7d`, as an option has it."""
    matched = _SPAN.fullmatch(text.strip().lower())
    if matched is None:
        raise typer.BadParameter("write a number and a unit, such as 30m, 12h or 7d", param_hint=option)
    seconds = float(matched[1]) * timedelta(**{_UNITS[matched[2]]: 1}).total_seconds()
    if seconds > _LONGEST.total_seconds():
        raise typer.BadParameter("that is too long ago", param_hint=option)
    return timedelta(seconds=seconds)


def _states(text: str) -> Iterator[TurnState]:
    for word in filter(None, (each.strip().lower() for each in text.split(","))):
        try:
            state = State(word)
        except ValueError:
            raise typer.BadParameter(
                f"{word!r} is none of {', '.join(State)}", param_hint="--state"
            ) from None
        yield STORED_AS.get(state) or TurnState(state.value)


def _shown(state: TurnState) -> str:
    return SHOWN_AS.get(state) or str(state)


def _row(turn: ListedTurn) -> dict[str, Any]:
    times = {"created_at": turn.created_at.isoformat(), "due_at": turn.due_at.isoformat()}
    return {**asdict(turn), "state": _shown(turn.state), **times}


def _table(listed: Sequence[ListedTurn], now: datetime) -> Iterator[str]:
    if not listed:
        return
    head = ("TURN", "STATE", "AGE", "WHAT", "WHERE", "WHY")
    rows = [head, *(_cells(each, now) for each in listed)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(turn: ListedTurn, now: datetime) -> tuple[str, ...]:
    where = ":".join(filter(None, (turn.platform, turn.workspace, turn.channel)))
    return (
        str(turn.id),
        _shown(turn.state),
        age(now, turn.created_at),
        turn.what,
        printable(where),
        _why(turn, now),
    )


def _why(turn: ListedTurn, now: datetime) -> str:
    if turn.state is TurnState.HELD:
        return f"held by {turn.held_by}"
    if turn.state is TurnState.FAILED:
        return f"{turn.failure or 'failed'}{f', reference {turn.reference}' if turn.reference else ''}"
    if turn.state is TurnState.QUEUED and turn.due_at > now:
        return f"tried again in {age(turn.due_at, now)}"
    return ""


def _kept(kept: Sequence[KeptMessage], *, with_text: bool) -> Iterator[str]:
    if not kept:
        yield "  kept: no words of it"
    for each in kept:
        files = f", files: {len(each.files)}" if each.files else ""
        yield f"  kept: the {each.role} of {each.at:%Y-%m-%d %H:%M:%S}, {len(each.text)} characters{files}"
        if with_text:
            names = [f"[{name}]" for name in each.files]
            yield from (f"    {printable(line)}" for line in [*each.text.splitlines(), *names])
