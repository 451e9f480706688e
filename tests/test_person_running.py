"""One person's running answers: never all there is room for, however many conversations they ask in."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.domain import Author, Place, Said, TurnState, Window
from core.storage.db import Database
from core.storage.turns.call_store import CallStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.store import TurnStore
from sandbox.faults import Fault
from sandbox.server import serve
from tests.samples import ANA, BEN, WallClock, said
from tests.stage import Stage, staged
from tests.waiting import until

MANY = 8
LIMITS = {"running_turns": 4, "person_running": 2}


def asks(by: Author, number: int) -> Said:
    """A question in a thread of its own."""
    at = Place("fake", "W1", f"D-{by.name}-{number}", private=True)
    return said(f"{by.name} {number}", by=by, at=at)


async def running(stage: Stage) -> Counter[str]:
    """How many turns of each person run."""
    return Counter(
        await stage.rows(
            "SELECT i.\"user\" FROM turns t JOIN identities i ON i.id = t.identity_id WHERE t.state = 'running'"
        )
    )


@asynccontextmanager
async def slow_for_ana(url: str, **limits: int) -> AsyncIterator[Stage]:
    """A process in which Ana has asked in many threads, of a gateway that answers none of it."""
    chosen = {**LIMITS, "shutdown_grace_s": 0.0, **limits}
    async with serve(plan="max") as sandbox, staged(url, sandbox=sandbox, limits=chosen) as stage:
        sandbox.state.faults.add(Fault("completions", "silence", after_chunks=0, times=MANY))
        for number in range(MANY):
            await stage.core.intake.receive(asks(ANA, number))
        await until("Ana's first questions to be asked", lambda: _has_asked(stage, 2))
        await stage.core.pool.sweep()
        yield stage


async def _has_asked(stage: Stage, times: int) -> bool:
    return stage.times_asked >= times


@pytest.mark.parametrize("calls", [{}, {"requests_per_minute": 1_000}], ids=["no limit", "limited calls"])
async def test_who_asks_in_many_threads_holds_up_nobody_else(
    migrated_url: str, calls: dict[str, int]
) -> None:
    async with slow_for_ana(migrated_url, **calls) as stage:
        stage.sandbox.state.faults.clear()
        await stage.core.intake.receive(asks(BEN, 1))
        await until("Ben's answer", lambda: _is_answered(stage, "D-Ben-1"))

        assert await running(stage) == {ANA.identity.user: 2}
        assert (await stage.states()).count("queued") == MANY - 2


async def _is_answered(stage: Stage, channel: str) -> bool:
    query = "SELECT t.state FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE c.channel = "
    return await stage.rows(f"{query}'{channel}'") == ["answered"]


async def test_a_persons_questions_are_all_answered_at_the_pace_of_their_bound(migrated_url: str) -> None:
    limits = {"running_turns": 4, "person_running": 1}
    async with staged(migrated_url, limits=limits) as stage:
        for number in range(6):
            await stage.core.intake.receive(asks(ANA, number))
            await stage.core.intake.receive(asks(ANA, number))
        await until("all answers", lambda: stage.are({"answered"}))

    assert stage.times_asked == 12


async def test_a_persons_bound_is_one_for_all_processes(database: Database) -> None:
    """Each process finds the rows that another runs, whether calls are limited or not."""
    clock = WallClock()
    one, other = (TurnStore(database, clock, name, person_running=2) for name in ("one", "other"))
    share = CallStore(database, other, clock)
    async with IntakeStore(database, clock).transaction() as transaction:
        who = await transaction.identity_id(ANA)
        here = [await transaction.find_or_open(asks(ANA, number).place, who) for number in range(3)]
        for conversation in here:
            await transaction.add_turn(conversation, who, "somewhere")
    first, second = await one.claim(here[0]), await one.claim(here[1])
    assert first is not None
    assert second is not None

    assert await other.claim(here[2]) is None
    assert await other.conversations_with_work({"fake"}) == []
    assert await share.claim([Window(100)], {"fake"}) is None
    assert await share.waiting({"fake"}, 5) == []
    assert len(await share.waiting({"fake"})) == 1
    await one.close(first, TurnState.ANSWERED)
    assert await share.claim([Window(100)], {"fake"}) is not None
