"""Several processes on one PostgreSQL change the same conversations at once, and none ever waits for the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from core.domain import (
    Action,
    Author,
    Breaker,
    Cause,
    Command,
    Fenced,
    Identity,
    Left,
    Place,
    Receipt,
    Said,
    Turn,
    TurnState,
    Window,
)
from core.settings import ConversationSettings, LimitsSettings
from core.storage.db import Database, conversations
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.call_store import CallStore
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore
from core.util.clock import utc_now
from tests.samples import said
from tests.test_edits import commanded, deleted, edited, pressed
from tests.test_storage import Desk

PROCESSES = 3
OPERATIONS = 200
AT_ONCE = 12
PEOPLE = [Author(Identity("fake", "W1", name), name) for name in ("ana", "ben", "cleo")]
PLACES = [Place("fake", "W1", "general", "t1"), Place("fake", "W1", "general", "t2")]
BREAKER = Breaker(Cause.BALANCE)


class Process:
    """One process: takes events in, and runs turns; each operation is one that a person or a timer brings about."""

    def __init__(self, database: Database, name: str, scope: str, asked: list[Said]) -> None:
        settings = ConversationSettings(when_busy="interrupt", scope=scope)  # type: ignore[arg-type]  parametrized
        caps = dict.fromkeys(("person_daily_usd", "place_daily_usd", "workspace_daily_usd"), 1e6)
        limits = LimitsSettings.model_validate(  # counted, and never reached
            {"person_hourly": 10_000, "workspace_daily": 10_000, "spend_daily_usd": 1e6, **caps}
        )
        self.desk = Desk(database, settings, limits)
        self.intake = self.desk.intake
        self.turns = TurnStore(database, utc_now, name)
        self.share = CallStore(database, self.turns, utc_now)
        self.breakers = BreakerStore(database, utc_now)
        self._database = database
        self._asked = asked
        self._running: list[Turn] = []

    async def ask(self, who: Author, where: Place) -> None:
        question = said(by=who, at=where)
        await self.intake.receive(question)
        self._asked.append(question)

    async def stop(self, who: Author, where: Place) -> None:
        await self.intake.receive(commanded(Command.STOP, by=who, at=where, whole=True))

    async def reset(self, who: Author, where: Place) -> None:
        await self.intake.receive(commanded(Command.RESET, by=who, at=where, whole=True))

    async def edit(self, who: Author, where: Place) -> None:
        if self._asked:
            await self.intake.receive(edited(random.choice(self._asked), f"other words {random.random()}"))  # noqa: S311

    async def delete(self, who: Author, where: Place) -> None:
        if self._asked:
            gone = random.sample(self._asked, min(4, len(self._asked)))
            await self.intake.receive(deleted(*gone))

    async def press(self, who: Author, where: Place) -> None:
        async with self._database.read() as connection:
            rows = await connection.exec_driver_sql("SELECT key FROM turns ORDER BY random() LIMIT 1")
            key = rows.scalar_one_or_none()
        if key is not None:
            actions = [each for each in Action if each is not Action.LANGUAGE]
            await self.intake.receive(pressed(random.choice(actions), key, by=who, at=where))  # noqa: S311

    async def leave(self, who: Author, where: Place) -> None:
        await self.intake.receive(Left((str(random.random()),), "fake", "W1"))  # noqa: S311

    async def claim(self, who: Author, where: Place) -> None:
        turn = await self.share.claim((Window(100_000),), {"fake"})
        if turn is not None:
            self._running.append(turn)

    async def write(self, who: Author, where: Place) -> None:
        if self._running:
            turn = random.choice(self._running)  # noqa: S311
            ledger = await StoredLedger.open(self._database, turn)
            await ledger.intend(0)
            await ledger.posted(0, "m-1")
            await self.turns.keep_answer(turn, "an answer", None, whole=random.random() < 0.5)  # noqa: S311
            await ledger.spoiled("m-1")

    async def end(self, who: Author, where: Place) -> None:
        if self._running:
            turn = self._running.pop()
            kind = random.randrange(3)  # noqa: S311
            if kind == 0:
                await self.turns.close(turn, TurnState.ANSWERED)
            elif kind == 1:
                await self.turns.release(turn, utc_now(), counts=False)
            else:
                await self.turns.hold(turn, BREAKER.name)

    async def look(self, who: Author, where: Place) -> None:
        await self.turns.recover({"fake"}, running=[turn.id for turn in self._running])
        await self.turns.renew([turn.id for turn in self._running])
        await self.breakers.reset(BREAKER)
        for waiting in await self.share.waiting({"fake"}, 3):
            await self.turns.claim_to_tell(waiting.conversation_id, waiting.turn_id, 1)

    def steps(self) -> list[Callable[[Author, Place], Coroutine[Any, Any, None]]]:
        often = [self.ask, self.ask, self.ask, self.claim, self.claim, self.write, self.end]
        return [
            *often,
            self.stop,
            self.edit,
            self.delete,
            self.press,
            self.press,
            self.look,
            self.reset,
            self.leave,
        ]


@pytest.mark.may_skip("a SQLite file has one writer at a time")
@pytest.mark.parametrize("scope", ["author", "thread"])
async def test_processes_that_change_the_same_rows_never_deadlock(migrated_url: str, scope: str) -> None:
    if migrated_url.startswith("sqlite"):
        pytest.skip("a SQLite file has one writer at a time")
    before, failures = deadlocks(migrated_url), []
    asked: list[Said] = []
    databases = [Database(migrated_url) for _ in range(PROCESSES)]
    processes = [Process(each, f"p{at}", scope, asked) for at, each in enumerate(databases)]
    chance, todo = random.Random(5), iter(range(OPERATIONS))  # noqa: S311  repeatable, as far as it can be

    async def go_on() -> None:
        for _ in todo:
            step = chance.choice(chance.choice(processes).steps())
            try:
                await step(chance.choice(PEOPLE), chance.choice(PLACES))
            except Fenced:
                pass  # another took the turn, as it may
            except Exception as error:  # noqa: BLE001  counted, and told below
                failures.append(f"{step.__name__}: {error!r} {_detail(error)}")

    async with asyncio.timeout(240):
        await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))
    for each in databases:
        async with each:
            pass

    assert not failures, "\n".join(failures)
    assert deadlocks(migrated_url) == before


@pytest.mark.may_skip("a SQLite file has one writer at a time")
async def test_a_question_finds_a_conversation_though_others_open_and_close_one_meanwhile(
    migrated_url: str,
) -> None:
    if migrated_url.startswith("sqlite"):
        pytest.skip("a SQLite file has one writer at a time")
    others = psycopg.connect(migrated_url.replace("+psycopg", ""), autocommit=True)
    asked: list[str] = []

    def meanwhile(_on: Any, _cursor: Any, statement: str, *_values: Any) -> None:
        if "conversations" in statement:
            asked.append(statement)
            if len(asked) == 1:  # it was missed, and is there now
                others.execute("UPDATE conversations SET closed_at = NULL WHERE id = 1")
            elif len(asked) == 2:  # it was there, and is closed before it can be locked
                others.execute("UPDATE conversations SET closed_at = now() WHERE id = 1")

    async with Database(migrated_url) as database:
        desk = Desk(database)
        await desk.intake.receive(said("before"))
        others.execute("UPDATE conversations SET closed_at = now()")
        event.listen(Engine, "after_cursor_execute", meanwhile)
        try:
            receipt = await desk.intake.receive(said("after"))
        finally:
            event.remove(Engine, "after_cursor_execute", meanwhile)
            others.close()

        assert receipt is Receipt.ACCEPTED
        assert await desk.states() == ["queued", "queued"]
        assert await desk.count(conversations) == 2


def deadlocks(url: str) -> int:
    """How often the server broke two waiting transactions up, in this database."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])


def _detail(error: Exception) -> str:
    """Who waited for whom, as the server tells it."""
    diagnosis = getattr(getattr(error.__cause__, "orig", None), "diag", None)
    return "" if diagnosis is None else f"{diagnosis.message_detail} {diagnosis.context}"
