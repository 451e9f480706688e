"""Times storage at a size that grew for a year, side by side with another checkout of this project.

    python benchmarks/storage.py [--turns 100000] [OTHER_CHECKOUT]

With `git worktree add /somewhere COMMIT`, OTHER_CHECKOUT is `/somewhere`. Both run with the packages that are
installed here. Each prints its medians; with two, the ratio stands beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 15
CALLS = 28_000
PEOPLE = 500
WAITING = 20

Step = Callable[[], Awaitable[object]]


def main() -> None:
    """Measure here, or start a process for each checkout and print both."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("other", nargs="?", type=Path, help="another checkout, to compare with")
    parser.add_argument("--turns", type=int, default=100_000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(asyncio.run(measured(given.turns))))
        return
    print_side_by_side([measured_in(each, given.turns) for each in (HERE, given.other) if each])


def measured_in(checkout: Path, turns: int) -> dict[str, float]:
    """The medians of one checkout, in milliseconds, measured in a process of its own."""
    command = [sys.executable, __file__, "--inside", "--turns", str(turns)]
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE)
    medians: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return medians


def print_side_by_side(medians: list[dict[str, float]]) -> None:
    """One line for each step: here, there, and how many times faster it is here."""
    for step in medians[0]:
        shown = "  ".join(f"{each[step]:9.2f} ms" for each in medians)
        ratio = f"  {medians[1][step] / medians[0][step]:7.1f} x" if len(medians) > 1 else ""
        print(f"{step:32}{shown}{ratio}")


async def measured(turns: int) -> dict[str, float]:
    """Fill a new SQLite file, let it know its own shape, and time each step."""
    from core.storage.db import migrate
    from core.storage.db.engine import Database

    with tempfile.TemporaryDirectory() as folder:
        async with Database(f"sqlite+aiosqlite:///{folder}/bot.sqlite3") as database:
            await migrate.upgrade(database)
            now = datetime.fromisoformat("2026-09-01T12:00:00+00:00")
            await fill(database, turns, now)
            async with database.write() as connection:
                await connection.exec_driver_sql("ANALYZE")
            return {name: await median_ms(step) for name, step in steps(database, now).items()}


async def median_ms(step: Step) -> float:
    """The median of some rounds; the first, which builds statements, does not count, nor what undoes a step."""
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        undo = await step()
        took.append((time.perf_counter() - began) * 1000)
        if callable(undo):
            await undo()
    return statistics.median(took[1:])


def steps(database: object, now: datetime) -> dict[str, Step]:
    """What is timed: taking a turn, looking for work, taking events in."""
    from core.domain.calls import Window
    from core.domain.messages import Deleted
    from core.storage.turns.call_store import CallStore
    from core.storage.turns.intake import IntakeStore
    from core.storage.turns.store import TurnStore

    turn_store = TurnStore(database, lambda: now, "benchmark")  # type: ignore[arg-type]  # a Database, see `measured`
    share = CallStore(database, turn_store, lambda: now)  # type: ignore[arg-type]
    intake = IntakeStore(database, lambda: now)  # type: ignore[arg-type]
    windows, platforms = (Window(1000),), {"fake"}

    async def claim() -> object:
        turn = await share.claim(windows, platforms)
        assert turn is not None
        return partial(turn_store.release, turn, now, counts=False)

    async def waiting_turns() -> None:
        async with intake.transaction() as transaction:
            try:
                await transaction.waiting_turns(5000)
            except TypeError:  # before it counted only so far
                await transaction.waiting_turns()  # type: ignore[call-arg]

    async def deletion() -> None:
        async with intake.transaction() as transaction:
            await transaction.changes.redact(Deleted((), "fake", "W1", "general", ("nobody-asked",)))

    return {
        "claim on a limited plan": claim,
        "waiting_turns": waiting_turns,
        "conversations_with_work": lambda: turn_store.conversations_with_work(platforms),
        "share.ready": lambda: share.ready(platforms),
        "a stranger's deletion": deletion,
    }


async def fill(
    database: object, count: int, now: datetime, *, people: int = PEOPLE, calls: int = CALLS
) -> None:
    """A year of answered turns with all that belongs to them, the calls of a day, and some questions that wait."""
    from core.storage.db import tables

    chance = random.Random(9)
    persons, places = range(1, people + 1), range(1, count // 10 + 1)
    turns = [_turn(each, count, people, chance, now) for each in range(1, count + WAITING + 1)]
    rows: dict[str, list[dict[str, object]]] = {
        "persons": [{"id": each, "key": f"{each:032x}", "created_at": now} for each in persons],
        "identities": [_identity(each, now) for each in persons],
        "conversations": [_conversation(each, chance.choice(persons), now) for each in places],
        "turns": turns,
        "calls": [_call(each, count, calls, people, chance, now) for each in range(calls)],
        "messages": [_message(turn, role) for turn in turns for role in ("user", "assistant")],
        "events": [_event(each, count, now) for each in range(count)],
        **{name: [of(turn) for turn in turns[:count]] for name, of in OF_A_TURN.items()},
    }
    async with database.write() as connection:  # type: ignore[attr-defined]  # a Database, see `measured`
        for name, values in rows.items():
            for at in range(0, len(values), 2000):
                await connection.execute(getattr(tables, name).insert(), values[at : at + 2000])


def _identity(number: int, now: datetime) -> dict[str, object]:
    who = {"platform": "fake", "workspace": "W1", "user": f"u{number}", "name": "", "locale": ""}
    return {"id": number, "person_id": number, **who, "chosen_locale": "", "created_at": now}


def _conversation(number: int, owner: int, now: datetime) -> dict[str, object]:
    place = {"platform": "fake", "workspace": "W1", "channel": f"c{number}", "thread": "", "private": True}
    return {"id": number, **place, "owner_id": owner, "opened_at": now, "active_at": now}


def _turn(number: int, ended: int, people: int, chance: random.Random, now: datetime) -> dict[str, object]:
    is_over = number <= ended
    at = now - timedelta(days=365) * (1 - number / ended) if is_over else now - timedelta(minutes=1)
    return {
        "id": number,
        "conversation_id": chance.randint(1, ended // 10),
        "identity_id": chance.randint(1, people),
        "key": f"{number:032x}",
        "state": "answered" if is_over else "queued",
        "address": "here",
        "answer": "an answer of some length " * 8 if is_over else None,
        "notice": False,
        "due_at": at,
        "created_at": at,
        "ended_at": at if is_over else None,
    }


def _message(turn: dict[str, object], role: str) -> dict[str, object]:
    who = turn["identity_id"] if role == "user" else None
    about = {"conversation_id": turn["conversation_id"], "turn_id": turn["id"], "identity_id": who}
    said = {"role": role, "text": "some words " * 10, "whole": True, "attachments": []}
    return {**about, **said, "origin": f"m{turn['id']}" if who else "", "created_at": turn["created_at"]}


def _call(
    number: int, turns: int, calls: int, people: int, chance: random.Random, now: datetime
) -> dict[str, object]:
    at = now - timedelta(days=1) * (1 - number / calls)
    who = {"workspace": "fake:W1", "person_id": chance.randint(1, people)}
    return {"turn_id": max(1, turns - calls + number), **who, "at": at, "sent": True}


def _event(number: int, count: int, now: datetime) -> dict[str, object]:
    return {"key": f"event-{number}", "received_at": now - timedelta(days=14) * (1 - number / count)}


def _delivery(turn: dict[str, object]) -> dict[str, object]:
    return {
        "turn_id": turn["id"],
        "part": 0,
        "message_id": f"answer-{turn['id']}",
        "shown": 200,
        "closed": True,
    }


def _activity(turn: dict[str, object]) -> dict[str, object]:
    did = {"tool_id": "t1", "name": "WebSearch", "state": "completed", "contents": "{}", "explanation": ""}
    return {"turn_id": turn["id"], **did, "updated_at": turn["created_at"]}


def _opinion(turn: dict[str, object]) -> dict[str, object]:
    who = {"turn_id": turn["id"], "identity_id": turn["identity_id"]}
    return {**who, "good": True, "comment": "", "at": turn["created_at"]}


def _usage(turn: dict[str, object]) -> dict[str, object]:
    tokens = {"prompt_tokens": 900, "completion_tokens": 90, "cached_tokens": 0, "credits": 0.001}
    return {"turn_id": turn["id"], "model": "m", **tokens, "created_at": turn["created_at"]}


OF_A_TURN = {"deliveries": _delivery, "tool_activity": _activity, "feedback": _opinion, "usage": _usage}


if __name__ == "__main__":
    main()
