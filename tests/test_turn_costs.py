"""What one ordinary turn costs the database, statement by statement, so that it can't grow unseen.

From the event to the answer that is shown to its end and stored, through the real core and the real stores, with the
limits of a fresh installation. Counts, not times. `synced` is a transaction whose commit SQLite makes with
`synchronous=FULL`: it waits for one fsync of the `-wal`. A checkpoint, once in a thousand pages, waits for two more.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial, partialmethod
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, make_url

from bots import wiring
from core.admission import prober
from core.delivery.editing_surface import EditingSurface
from core.delivery.pacing import Pace
from core.domain import Author, Identity, Ledger, Place, PlaceSetting, ReplySurface, Said, Scope
from core.domain.audit import Actor, Via
from core.operations.upkeep import Leadership
from core.storage.db import Database, listen_notify
from core.storage.operations.place_settings import PlaceSettingStore
from core.storage.ops.retention import Retention
from core.storage.turns import ledger as ledgers
from core.turns import position_notifier
from core.turns.worker_pool import PoolSettings
from sandbox.server import Sandbox, serve
from tests.samples import said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import until

AT_ONCE = 20
HEAR = listen_notify.hear
LONG_S = 3_600.0
LIMITS = {"person_waiting": 20, "person_running": None, "person_actions": 30}
"""As in a fresh installation; the stage's own are wider."""
SQLITE = """
synced:   INSERT events, SELECT identities, SELECT turns, UPDATE conversations, INSERT turns, INSERT messages
synced:   SELECT turns, UPDATE turns, INSERT deliveries
read:     SELECT identities, SELECT identities
read:     SELECT breakers
read:     SELECT breakers
synced:   UPDATE turns, INSERT messages, INSERT usage
unsynced: UPDATE deliveries
synced:   UPDATE turns
""".strip().splitlines()
"""The event; its claim, with the intent of its first message; what is shown to the model; whether the call may be made;
what it heals; the whole answer; the message that shows it; the end."""
POSTGRESQL = {
    "synced:   INSERT events": "SELECT lock, INSERT events",
    "INSERT messages": "INSERT messages, SELECT notify",
    "synced:   SELECT turns": "SELECT conversations, SELECT turns",
}
"""How it differs there: rows are locked, and the other processes told."""
MOST = {"statements": 25, "transactions": 8, "synced": 4}
MOST_COMMITS = 10


@dataclass
class Costs:
    """The transactions of any engine, in the order of their beginning, each with its statements."""

    transactions: list[list[str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    _open: dict[int, int] = field(default_factory=dict)

    def begin(self, connection: Connection) -> None:
        self._open[id(connection)] = len(self.transactions)
        self.transactions.append([])
        self.kinds.append("read")

    def note(self, connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        number = self._open.get(id(connection))  # none of one that began before the counting did
        if number is not None and not statement.startswith("BEGIN"):
            self.transactions[number].append(in_short(statement))

    def commit(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        is_synced = connection.dialect.name != "sqlite" or driver.awaits_disk
        if (number := self._open.get(id(connection))) is not None:
            self.kinds[number] = "synced" if is_synced else "unsynced"

    @property
    def rows(self) -> list[str]:
        return [
            f"{kind + ':':10}{', '.join(each)}"
            for kind, each in zip(self.kinds, self.transactions, strict=True)
        ]


def in_short(statement: str) -> str:
    """`SELECT turns`: what is done, and to which table first."""
    if "pg_" in statement:
        return "SELECT notify" if "pg_notify" in statement else "SELECT lock"
    table = re.search(r'\b(?:FROM|INTO|UPDATE)\s+"?(\w+)', statement)
    return f"{statement.split()[0]} {table[1] if table else '?'}"


@contextmanager
def counted() -> Iterator[Costs]:
    """What is asked of databases inside the block."""
    costs = Costs()
    hooks = {"begin": costs.begin, "before_cursor_execute": costs.note, "commit": costs.commit}
    for name, hook in hooks.items():
        event.listen(Engine, name, hook)
    try:
        yield costs
    finally:
        for name, hook in hooks.items():
            event.remove(Engine, name, hook)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timers rest after their first look, and no time passes between a look at the fence and the call it is for."""
    monkeypatch.setattr(ledgers, "clock", lambda: 1_000.0)
    monkeypatch.setattr(prober, "LOOK_EVERY_S", LONG_S)
    monkeypatch.setattr(prober, "SIGNS_EVERY_S", LONG_S)
    monkeypatch.setattr(position_notifier, "EVERY_S", LONG_S)
    monkeypatch.setattr(wiring, "PoolSettings", partial(PoolSettings, sweep_interval_s=LONG_S))
    monkeypatch.setattr(listen_notify, "hear", _without_a_look)
    monkeypatch.setattr(Retention, "sweep", _nothing_swept)
    monkeypatch.setattr(Leadership, "run", _stays_as_it_is)
    monkeypatch.setattr(PlaceSettingStore, "hear", _hears_of_no_places)


async def _nothing_swept(_retention: Retention) -> None:
    """What is too old is cleared away by another process."""


async def _hears_of_no_places(_store: PlaceSettingStore, _heard: Callable[[], None]) -> None:
    """A process hears of its own changes, too, and on a busy machine late."""


async def _stays_as_it_is(_leadership: Leadership) -> None:
    """Who leads was found out at the start."""


async def _without_a_look(database: Database, platforms: Collection[str], notify: Any, _begins: Any) -> None:
    """Listens as always, but has nothing looked at once it does: on a busy machine that may come late."""
    await HEAR(database, platforms, notify)


class AtItsEnd(Pace):
    """The pace of a short answer: it is shown when it is whole."""

    async def wait(self) -> None:
        await until("the whole answer", self._is_whole)

    async def _is_whole(self) -> bool:
        return self.hurried


class Platform(FakePlatform):
    """A made-up platform on which every answer is a short one."""

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        pace = AtItsEnd(lambda: 0.0, now=time.monotonic, sleep=asyncio.sleep)
        return EditingSurface(self.place(address.partition("/")[0]), ledger, pace)


def asked(number: int) -> Said:
    """A question of a person, in a place of their own."""
    name = f"p-{number}"
    who = Author(Identity("fake", "W1", name), name)
    return said(f"question {number}", by=who, at=Place("fake", "W1", f"D-{name}", private=True))


@asynccontextmanager
async def warm(url: str, sandbox: Sandbox, people: int, **sections: Any) -> AsyncIterator[Stage]:
    """A process that knows these people, and answered each of them once."""
    async with staged(url, sandbox=sandbox, platform=Platform(), limits=LIMITS, **sections) as stage:
        await stage.hear(*map(asked, range(people)))
        yield stage


PLACES = {
    "place_admins": {"may_set": ["language", "channels", "gateway"], "gateways": {"own": "sandbox:50c3"}}
}
SET = {PlaceSetting.LANGUAGE: "es", PlaceSetting.ANSWERS: "on", PlaceSetting.GATEWAY: "own"}
"""What admins may set, and have set: it is looked up in memory."""


@pytest.mark.parametrize("places", [False, True], ids=["as installed", "with settings of places"])
async def test_a_turn_costs_what_is_written_here(migrated_url: str, sandbox: Sandbox, places: bool) -> None:
    async with warm(migrated_url, sandbox, 1, **(PLACES if places else {})) as stage:
        if places:
            await stage.core.admitting.places.change(Scope("fake", "W1"), SET, Actor(Via.CHAT, "fake:boss"))
        with counted() as costs:
            await stage.hear(asked(0))
        is_sqlite = stage.core.database.is_sqlite

    wanted = "\n".join(SQLITE)
    for here, there in {} if is_sqlite else POSTGRESQL.items():
        wanted = wanted.replace(here, there, 1)
    found = "\n".join(costs.rows)
    if not is_sqlite:  # where every transaction is committed alike
        wanted, found = (re.sub(r"(?m)^\w+: +", "", each) for each in (wanted, found))
    assert found == wanted
    assert sum(map(len, costs.transactions)) <= MOST["statements"]
    assert len(costs.transactions) <= MOST["transactions"]
    assert not is_sqlite or costs.kinds.count("synced") <= MOST["synced"]


async def test_turns_at_once_share_their_waits_for_the_disk(
    migrated_sqlite: Path, tmp_path: Path, sandbox: Sandbox
) -> None:
    url = f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"
    async with warm(url, sandbox, AT_ONCE) as stage:
        with counted() as costs:
            await asyncio.gather(*(stage.core.intake.receive(asked(number)) for number in range(AT_ONCE)))
            await stage.rest()
        states = await stage.states()

    assert states == ["answered"] * 2 * AT_ONCE
    assert costs.kinds.count("synced") < AT_ONCE


@pytest.mark.parametrize("dispatch", ["rows", "procrastinate"])
@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
async def test_a_server_sees_few_commits(
    migrated_url: str, sandbox: Sandbox, dispatch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own count, of whole lives: it counts what a process did when that goes."""
    if dispatch == "procrastinate":
        job_worker = pytest.importorskip("core.turns.dispatch.job_worker")
        monkeypatch.setattr(job_worker, "POLL_S", LONG_S)
        seldom = partialmethod(job_worker.JobWorker.__init__, sweep_interval_s=59)
        monkeypatch.setattr(job_worker.JobWorker, "__init__", seldom)

    async def life(turns: int) -> int:
        before = commits_of(migrated_url)
        async with warm(migrated_url, sandbox, 1, storage={"dispatch": dispatch}) as stage:
            for _ in range(turns):
                await stage.hear(asked(0))
        return commits_of(migrated_url) - before

    few, many = await life(2), await life(12)

    assert (many - few) / 10 <= MOST_COMMITS


def commits_of(url: str) -> int:
    server = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(server) as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])
