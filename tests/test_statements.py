"""Every statement that a life of turns, timers and deletions sends finds its rows by an index, on both databases.

The statements are those that the program executes, and a method of the stores that this life never calls fails too: so
a new statement is looked at by itself.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from types import CodeType, FrameType
from typing import Any

import pytest
from sqlalchemy import Table, text

from benchmarks.storage import fill
from core.domain import (
    Action,
    Attachment,
    Breaker,
    CancelRequest,
    Cause,
    Command,
    Left,
    Place,
    Remembered,
    ToolActivity,
    ToolState,
    Turn,
    TurnState,
)
from core.domain.audit import AuditAction, AuditEntry, Via, in_chat
from core.storage.channel_models import ChannelModels
from core.storage.db import (
    Database,
    audit_log,
    digest_opt_outs,
    digest_runs,
    metadata,
    reminders,
    turns,
)
from core.storage.history import HistoryStore
from core.storage.scheduled.digests import DigestStore, Target
from core.storage.scheduled.digests import Stage as StageOfRun
from core.storage.scheduled.left_out import LeftOutStore
from core.storage.scheduled.reminders import ReminderStore
from core.storage.spenders import Spenders
from core.storage.spending import EVERYBODY, Price, Spender
from core.storage.summaries.store import SummaryStore
from core.storage.summaries.wanted import Bounds
from core.storage.turns.breakers import BreakerStore
from core.storage.turns.call_store import CallStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore
from sandbox.server import Sandbox, serve
from tests.samples import ANA, BEN, CHANNEL, WallClock, said
from tests.stage import Stage, notifier_of, staged
from tests.statements import read_whole, recorded
from tests.test_edits import commanded, deleted, edited, pressed

STORES = (
    *(
        "alerts",
        "channel_models",
        "consumption",
        "history",
        "scheduled.digests",
        "scheduled.left_out",
        "scheduled.reminders",
        "spenders",
        "spending",
        "summaries.store",
        "summaries.wanted",
    ),
    *("turns.breakers", "turns.call_store", "turns.edits", "turns.held_turns", "turns.intake"),
    *("turns.ledger", "turns.made_files", "turns.store", "turns.taken_back"),
)
YEARS_TURNS, YEARS_RUNS = 20_000, 4_000
LIMITS: dict[str, Any] = {
    "person_hourly": 500,
    "person_daily": 900,
    "workspace_daily": 3_000,
    "person_daily_usd": 100,
    "place_daily_usd": 300,
    "workspace_daily_usd": 600,
    "spend_daily_usd": 900,
    "spend_monthly_usd": 9_000,
    "requests_per_minute": 40,
}


@contextmanager
def noted_calls() -> Iterator[set[CodeType]]:
    """The code that ran inside the block."""
    ran: set[CodeType] = set()

    def note(frame: FrameType, kind: str, _value: object) -> None:
        if kind == "call":
            ran.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield ran
    finally:
        sys.setprofile(before)


def methods_of_stores() -> dict[str, CodeType]:
    """The public methods of all stores that ask the database something."""
    found = {}
    for name in STORES:
        module = import_module(f"core.storage.{name}")
        for kind in (each for each in vars(module).values() if inspect.isclass(each)):
            if kind.__module__ == module.__name__:
                found |= {f"{name}.{kind.__name__}.{key}": code for key, code in _public(kind)}
    return found


def _public(kind: type) -> Iterator[tuple[str, CodeType]]:
    for key, value in vars(kind).items():
        method = value.__func__ if isinstance(value, classmethod) else value
        if not key.startswith("_") and (
            inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
        ):
            yield key, method.__code__


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with serve(plan="max", balance=50) as server:
        yield server


@pytest.fixture
async def year(database: Database, migrated_url: str, clock: WallClock) -> str:
    """The address of a database that was used for a year, and knows how its rows are spread."""
    await fill(database, YEARS_TURNS, clock(), people=5_000, calls=5_000)
    acts = [
        {"at": clock() - timedelta(hours=each), "via": Via.CHAT, "actor": "root", "action": AuditAction.RETRY}
        for each in range(5_000)
    ]
    async with database.write() as connection:
        await connection.execute(audit_log.insert(), acts)
        for table, rows in scheduled_of_years(clock()):
            await connection.execute(table.insert(), rows)
        await connection.exec_driver_sql("UPDATE turns SET state = 'failed' WHERE state = 'queued'")
        if not database.is_sqlite:
            for table in (each.name for each in metadata.sorted_tables if "id" in each.c):
                ids = (
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id) + 1, false) FROM {table}"  # noqa: S608
                )
                await connection.exec_driver_sql(ids)
        await connection.exec_driver_sql("ANALYZE")
    return migrated_url


def scheduled_of_years(now: datetime) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """Digests of some years, whom they leave out, and what many people wait to be reminded of."""
    runs = [
        {
            "name": f"digest-{each % 40}",
            "due_at": at,
            "since": at,
            "stage": StageOfRun.ENDED,
            "turn_id": each,
            "created_at": at,
        }
        for each in range(YEARS_RUNS)
        for at in [now - timedelta(hours=each / 2)]  # those that retention leaves
    ]
    yield digest_runs, runs
    yield (
        digest_opt_outs,
        [
            {"platform": "fake", "workspace": "W1", "user": f"u{each}", "since": now}
            for each in range(1, YEARS_RUNS)
        ],
    )
    where = {"platform": "fake", "workspace": "W1", "channel": "c", "thread": "", "private": True}
    what = {"address": "c/1", "text": "words", "every": "", "zone": "", "created_at": now}
    yield (
        reminders,
        [
            {
                "turn_id": each,
                "identity_id": each,
                "due_at": now + timedelta(days=100 + each),
                **where,
                **what,
            }
            for each in range(1, YEARS_RUNS)
        ],
    )


@pytest.mark.long
@pytest.mark.allow_stalls("runs under a profiler, which makes every step longer")
async def test_no_table_that_grows_is_read_whole(
    year: str, database: Database, clock: WallClock, sandbox: Sandbox
) -> None:
    with recorded() as recorder, noted_calls() as ran:
        await live(year, clock, sandbox)
        await call_the_rest(database, clock)

    never_called = [name for name, code in methods_of_stores().items() if code not in ran]
    found = await read_whole(database, recorder.statements)
    assert not found, "\n".join(found)
    assert not never_called, f"let this test's life call {never_called}"


async def live(url: str, clock: WallClock, sandbox: Sandbox) -> None:
    """Ask, change, stop, take back, press, be refused, be held, and be forgotten; timers run in between."""
    async with staged(
        url,
        sandbox=sandbox,
        now=clock,
        limits=LIMITS,
        operators={"channel": "fake:ops"},
        conversation={"when_busy": "interrupt"},
    ) as stage:
        await ask_and_change(stage)
        await wait_for_a_breaker(stage, clock)
        await take_back(stage)
        await look_around(stage, clock)
        clock.advance(hours=2)
        await stage.core.retention.sweep()
    async with staged(url, sandbox=sandbox, now=clock, limits={"spend_daily_usd": 0.001}) as stage:
        await stage.hear(said("too dear"))
        await stage.core.pool.sweep()


async def call_the_rest(database: Database, clock: WallClock) -> None:
    """What takes a bug, a second process or an instant to come about, asked of the stores themselves.

    With no process beside it: that one would take up again what is claimed here.
    """
    place = Place("fake", "W1", "D-rest", private=True)
    store = TurnStore(database, clock, "another process")
    share = CallStore(database, store, clock)
    async with IntakeStore(database, clock).transaction() as transaction:
        who = await transaction.identity_id(ANA)
        here = await transaction.find_or_open(place, who)
        for _ in range(2):
            last = await transaction.add_turn(here, who, "D-rest/1")
        await transaction.add_message(here, last, who, text="words", attachments=(), origin="o1")
        await transaction.known_identity(ANA)
        await transaction.any_conversation(who)
        await transaction.first_within("told", timedelta(hours=1))
        await transaction.first_within("told", timedelta(hours=1))
        spending = transaction.consumption.spending(Price(1.0, 1.0))
        for spender in (EVERYBODY, Spender(who), Spender(place=("fake", "W1", "general"))):
            await spending.spent_before(spender, clock() - timedelta(days=1), 0.001)
            await spending.rows_under_way(spender)
        await transaction.models.choose(place, "a-model", clock())
        await transaction.record(AuditEntry(in_chat(ANA.identity), AuditAction.BLOCK, identity=who))
        await transaction.close_all(place, who)
        for question in await transaction.changes.question_of(last):
            await transaction.changes.move([question.message_id], last)
        await transaction.changes.cancel_request(last, CancelRequest.KEEP)
        await transaction.changes.readdress(last, "D-rest/2")
        await transaction.changes.wait_longer(last, timedelta(seconds=1), timedelta(seconds=5))
        await transaction.changes.choose_capability(last, "search")
        await transaction.changes.choose_capability(last, "")
        await transaction.consumption.nth_of_capability(who, "search", 3, clock() - timedelta(days=1))
        await transaction.waiting_turns(10)
        await transaction.spoke_elsewhere(who, clock() - timedelta(days=1))
        await transaction.close_elsewhere(replace(place, channel="D-other"), who)
    spenders = Spenders(database, Price())
    await spenders.people(clock() - timedelta(days=1), 5)
    await spenders.places(clock() - timedelta(days=1), 5)
    await spenders.calls_since(clock() - timedelta(days=1))
    models = ChannelModels(database, clock)
    await models.choose(CHANNEL, "a-model", in_chat(ANA.identity))
    await models.newest(10)
    await HistoryStore(database).answers([last])
    await HistoryStore(database).beside(here, clock() - timedelta(days=1))
    told = await store.claim_to_tell(here, last - 1, 1)
    assert told is not None
    await store.release(told, clock(), counts=False)
    turn = await store.claim(here)
    assert turn is not None
    await store.delay(turn, "outage:x", clock())
    turn = await store.claim(here)
    assert turn is not None
    await store.renew([turn.id])
    await store.answer_of(turn)
    await store.is_the_models(turn)
    await store.keep_activity(turn, ToolActivity("t1", "WebSearch", ToolState.RUNNING))
    ledger = await StoredLedger.open(database, turn)
    await ledger.intend(0)
    await ledger.posted(0, "m-1")
    await ledger.holds("m-1")
    await ledger.spoiled("m-1")
    breakers, breaker = BreakerStore(database, clock), Breaker(Cause.OUTAGE, "x")
    await breakers.end_probe(turn.id, called=True)
    await breakers.trip(breaker, lambda _probes: clock(), None)
    await breakers.hint(breaker)
    await share.served()
    again = await store.claim(here)
    assert again is not None
    await (await StoredLedger.open(database, again)).forget(0)
    await store.settle_capability(again, "search")
    await store.settle_capability(again, "")
    await summarise(database, clock, again)
    await be_reminded(database, clock, again)
    await digest(database, clock)
    await store.close(again, TurnState.ANSWERED)


async def summarise(database: Database, clock: WallClock, turn: Turn) -> None:
    """All that summaries ask of the database."""
    history, store = HistoryStore(database), SummaryStore(database, clock)
    here = turn.conversation_id
    async with aclosing(history.past(here, 1)) as past:
        await anext(past, None)
    await history.ended(here, 1, turn.id)
    async with IntakeStore(database, clock).transaction() as transaction:
        requests = transaction.summaries
        asker = await requests.asker(turn.id)
        beside = await requests.open(here)
        await requests.has_room(beside, asker, Bounds(5, 5), 0)
    await store.made_in(beside)
    await store.of_each([here, beside])
    found = await store.meant_by(turn)
    await store.conversation_meant(replace(turn, place=replace(turn.place, thread="@ana")), kept=True)
    assert found is not None
    unended = [Remembered(turn.id, "user", "words")]
    assert not await store.cover(turn, found, "notes", unended)
    await store.failed(turn, found, clock())
    await store.keep(turn, here, kept=False)
    await store.keep(turn, here, kept=True)
    changes = (
        lambda found: store.cover(turn, found, "notes", unended),
        lambda found: store.word(turn, found, "words"),
        lambda found: store.delete(turn, found),
    )
    for change in changes:
        found = await store.of(here)
        assert found is not None
        assert await change(found)
    await store.cost_of(found, Price(1.0, 1.0))


async def be_reminded(database: Database, clock: WallClock, turn: Turn) -> None:
    """All that reminders ask of the database."""
    store, where = ReminderStore(database, clock), (turn.place, turn.address)
    due = clock() - timedelta(minutes=1)
    assert await store.add(turn, where, "words", (due, "", ""), most=9) is not None
    await store.of(turn)
    (one,) = await store.due(9)
    await store.next_due()
    assert await store.pass_over(one, due - timedelta(minutes=1))
    (one,) = await store.due(9)
    assert await store.say(one, "words", due) is not None
    assert await store.cancel(turn, one.id)
    (one,) = [await store.add(turn, where, "words", (due, "", ""), most=9)]
    assert one is not None
    assert await store.say(one, "words", None) is not None
    await store.drop_forgotten([one.id])


async def digest(database: Database, clock: WallClock) -> None:
    """All that digests ask of the database."""
    store, left_out = DigestStore(database, clock), LeftOutStore(database, clock)
    target, now = Target(Place("fake", "W1", "general"), "general", "en"), clock()
    await store.begin("new", now)
    for minutes in (1, 2):
        due = now + timedelta(minutes=minutes)
        assert await store.queue("new", (now, due), target, "digest") is not None
    assert await store.skip("new", now + timedelta(minutes=3), "too late", target) is not None
    await store.last_due("new")
    async with database.read() as connection:
        made = text("SELECT id, turn_id FROM digest_runs WHERE stage = 'asked' ORDER BY id")
        first, second = (await connection.execute(made)).all()
    await store.run_of(first.turn_id)
    await store.count_call(first.turn_id, 0.5)
    await store.read_messages(first.turn_id, 3)
    assert await store.are_open()
    await store.held("new", now)
    await store.newest(["new"])
    await store.skipped(second.id)
    async with database.write() as connection:
        await connection.execute(turns.update().where(turns.c.id == first.turn_id).values(state="failed"))
    ended = await store.ended()
    await store.let_go(ended)
    await left_out.leave_out(ANA.identity)
    await left_out.among("fake", "W1", ["ana", "ben"], only_agreed=True)
    await left_out.among("fake", "", ["ana", "ben"], only_agreed=True)
    await left_out.take_in(ANA.identity)


async def ask_and_change(stage: Stage) -> None:
    question = said("hello", attachments=(Attachment("r", "cat.png", "image/png", 3),))
    await stage.hear(question, said("and then?", by=BEN, at=CHANNEL))
    await stage.hear(edited(question, "hello again"))
    key = (await stage.rows("SELECT max(key) FROM turns WHERE state = 'answered' AND address LIKE 'D-ana%'"))[
        0
    ]
    for action in (Action.GOOD, Action.BAD, Action.REGENERATE, Action.STOP, Action.LANGUAGE):
        await stage.hear(pressed(action, key, text="pt-BR" if action is Action.LANGUAGE else ""))
    for command in Command:
        await stage.hear(commanded(command))


async def wait_for_a_breaker(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("one"), said("two", by=BEN, at=CHANNEL))
    keys = await stage.rows("SELECT key FROM turns WHERE state = 'parked' ORDER BY id")
    await stage.hear(pressed(Action.KEEP, keys[0]), pressed(Action.DROP, keys[-1], by=BEN, at=CHANNEL))
    clock.advance(seconds=20)
    await stage.heal()
    clock.advance(hours=30)
    await stage.heal()
    stage.sandbox.state.account.set_balance(5)
    for _ in range(3):
        clock.advance(seconds=30)
        await stage.heal()


async def take_back(stage: Stage) -> None:
    await stage.hear(said("![cat](data:image/png;base64,iVBORw0KGgo=)", by=BEN, at=CHANNEL))
    (shown,) = await stage.rows("SELECT message_id FROM deliveries ORDER BY id DESC LIMIT 1")
    away = commanded(Command.DELETE, by=BEN, at=CHANNEL)
    not_hers = commanded(Command.DELETE, by=ANA, at=CHANNEL)
    await stage.hear(replace(not_hers, about=(shown,)), replace(away, about=(shown,)))
    question = said("secret")
    await stage.hear(question, commanded(Command.PRIVACY))
    await stage.hear(deleted(question), deleted(said("never said")))
    key = (await stage.rows("SELECT key FROM turns ORDER BY id DESC LIMIT 1"))[0]
    await stage.hear(pressed(Action.FORGET, key))
    await stage.hear(Left(("left",), "fake", "W9"))


async def look_around(stage: Stage, clock: WallClock) -> None:
    core = stage.core
    await core.intake.heard_until("fake")
    await core.intake.places("fake", clock())
    await core.intake.look_back("fake", {"W1": clock()})
    await core.intake.looked_back("fake", "W1", clock())
    await core.intake.answers(said("where?").place, ["m1", "m2"])
    await core.pool.sweep()
    await notifier_of(core).look()
