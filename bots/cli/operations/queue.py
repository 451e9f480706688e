"""`aivax-bots queue`: what waits, who writes answers, and how work reaches them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bots.cli.operations.reach import reading
from bots.cli.operations.status import jsonable
from core.storage.dispatch.schema import ENGINE
from core.storage.operations.queue_view import Listening, Owner, QueueView, queue_view

if TYPE_CHECKING:
    from bots.settings import Settings


async def show_queue(settings: Settings, *, as_json: bool) -> int:
    """Print it once, from the database alone."""
    async with reading(settings) as database:
        seen = await queue_view(database, database.now)
    if as_json:
        told = {"dispatch": settings.storage.dispatch, **dataclasses.asdict(seen)}
        typer.echo(json.dumps(jsonable(told), indent=2))
    else:
        for line in lines(seen, settings.storage.dispatch, lost_after_s=settings.storage.worker_lost_after_s):
            typer.echo(line)
    return 0


def lines(seen: QueueView, dispatch: str, *, lost_after_s: float = 30.0) -> Iterator[str]:
    """What is printed for people. A worker that was silent for `lost_after_s` is lost."""
    yield f"Waiting   {seen.due} due, {seen.later} later, {seen.held} held by a breaker"
    yield f"Lag       {seen.lag_s:.1f} s: the oldest that could be answered now"
    yield f"Running   {seen.running}"
    for owner in seen.owners:
        yield f"          {owner.name}: {owner.running}{_lease(owner, seen.at)}"
    yield from _listening(seen)
    yield f"Dispatch  {dispatch}"
    yield from _jobs(seen, dispatch, lost_after_s)


def _jobs(seen: QueueView, dispatch: str, lost_after_s: float) -> Iterator[str]:
    """The jobs, and who takes them, where there are tables of them."""
    is_used = dispatch == ENGINE
    if seen.jobs is None:
        if is_used:
            yield "Jobs      no tables yet: the first process that starts makes them, or aivax-bots db upgrade"
        return
    jobs = ", ".join(f"{count} {state}" for state, count in seen.jobs.items()) or "none"
    yield f"Jobs      {jobs}{'' if is_used else '; not needed with this dispatch'}"
    for taker in seen.takers:
        silent = f"silent for {taker.silent_s:.0f} s: others take its jobs up"
        heard = f"last heard of {taker.silent_s:.0f} s ago"
        is_lost = taker.silent_s > lost_after_s
        yield f"          worker {taker.id}: {taker.jobs} at work, {silent if is_lost else heard}"
    if seen.orphans:
        yield f"          {seen.orphans} at work with a worker that is gone: others take them up"
    if is_used and not seen.takers:
        yield "          no worker takes jobs: start aivax-bots run, or run --role work"


def _listening(seen: QueueView) -> Iterator[str]:
    """Who has which connections of which platform, where they are shared."""
    label = "Listening"
    for each in seen.listening:
        parts = ", ".join(map(str, each.parts))
        yield f"{label:10}{each.name}: {each.platform} {parts} of {each.size}{_lease(each, seen.at)}"
        label = ""


def _lease(owner: Owner | Listening, at: datetime) -> str:
    if owner.lease_until is None:
        return ""
    left_s = (owner.lease_until - at).total_seconds()
    return f", its own for {left_s:.0f} s more" if left_s > 0 else f", silent: lost {-left_s:.0f} s ago"
