"""Retention on both databases: text goes when it is old, numbers stay, and no turn has to wait."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select, text, update

from core.admission.quotas import Limits
from core.aivax.stream.events import Usage
from core.conversations.routes import Routes
from core.domain import Action, Pressed, ToolActivity, ToolState, Turn, TurnState
from core.i18n import Translators
from core.ingest.model_choice import Models
from core.ingest.service import build_intake
from core.settings import AivaxSettings, ConversationSettings, LimitsSettings, StorageSettings
from core.storage.db import (
    Database,
    deliveries,
    events,
    feedback,
    identities,
    messages,
    persons,
    tool_activity,
    turns,
    usage,
)
from core.storage.history import HistoryStore
from core.storage.ops.retention import FIRST_AFTER_S, Retention, Swept
from core.storage.tool_claims import ToolClaims
from core.storage.turns.intake import IntakeStore
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore
from tests.fakes import FakeClock
from tests.samples import ANA, BEN, DIRECT, WallClock, no_models, said
from tests.stage import staged
from tests.waiting import ended, soon

SECRET = "the door code is 7731"


class House:
    """A database with turns in it, a clock, and somebody who keeps it clean."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = WallClock()
        self.turns = TurnStore(database, self.clock, "house")
        self._heard: list[int] = []
        self.intake = build_intake(
            IntakeStore(database, self.clock),
            self,
            Limits(LimitsSettings()),
            Translators(),
            Models(Routes((), AivaxSettings(), instructions=""), (), lambda _model: None, no_models),
            conversation=ConversationSettings(),
        )

    def keep(self, conversation_id: int, platform: str) -> bool:
        return True

    def notify(self, conversation_id: int) -> None:
        self._heard.append(conversation_id)

    def keeper(self, *, days: float = 30.0, **more: object) -> Retention:
        settings = StorageSettings(retention_days=days)
        return Retention(self.database, self.clock, settings, **{"sleep": _at_once, **more})  # type: ignore[arg-type]

    async def sweep(self, *, days: float = 30.0) -> Swept:
        return await self.keeper(days=days).sweep()

    async def begin(self, words: str = SECRET) -> Turn:
        await self.intake.receive(said(words))
        turn = await self.turns.claim(self._heard[-1])
        assert turn is not None
        return turn

    async def answer(self, words: str = SECRET, *, state: TurnState = TurnState.ANSWERED) -> Turn:
        """Leave all that an answered turn leaves."""
        turn = await self.begin(words)
        await self.turns.keep_activity(turn, ToolActivity("t", "search", ToolState.COMPLETED, words))
        await self.turns.keep_answer(turn, words, Usage(3, 4, 1, 0.5, "m"), whole=True)
        ledger = await StoredLedger.open(self.database, turn)
        await ledger.intend(0)
        await ledger.posted(0, words[:20])
        await self.turns.close(turn, state)
        return turn

    async def count(self, table: object) -> int:
        async with self.database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]

    async def everything(self) -> str:
        """All that stands in the database, as one text to search in."""
        tables = (turns, messages, tool_activity, deliveries, events, feedback)
        async with self.database.read() as connection:
            return str([(await connection.execute(select(table))).all() for table in tables])


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


@pytest.mark.parametrize("state", ["answered", "failed", "cancelled", "superseded"])
async def test_the_text_of_an_old_turn_goes_and_its_numbers_stay(house: House, state: str) -> None:
    await house.answer(state=TurnState(state))
    house.clock.advance(days=31)

    assert await house.sweep() == Swept(turns=1, events=1)

    assert SECRET[:20] not in await house.everything()
    assert [await house.count(table) for table in (messages, tool_activity, deliveries)] == [0, 0, 0]
    async with house.database.read() as connection:
        turn = (await connection.execute(select(turns))).one()
        spent = (await connection.execute(select(usage))).one()
    assert (turn.state, turn.answer, turn.address) == (state, None, "")
    assert turn.created_at < turn.emptied_at == house.clock()
    assert turn.ended_at is not None
    assert (spent.prompt_tokens, spent.completion_tokens, spent.cached_tokens, spent.credits) == (
        3,
        4,
        1,
        0.5,
    )
    assert [await house.count(table) for table in (identities, persons)] == [1, 1]


async def test_a_comment_on_an_old_answer_goes_and_the_opinion_stays(house: House) -> None:
    turn = await house.answer()
    press = Pressed(
        ("press",), ANA, DIRECT, Action.BAD, turn.key, "whispers", SECRET[:20], asked_for_more=True
    )
    await house.intake.receive(press)
    house.clock.advance(days=31)

    await house.sweep()

    assert SECRET[:20] not in await house.everything()
    assert await house.count(feedback) == 1


async def test_a_young_turn_keeps_its_text(house: House) -> None:
    await house.answer()
    house.clock.advance(days=29)

    assert (await house.sweep()).turns == 0

    assert SECRET in await house.everything()
    assert await house.count(messages) == 2


@pytest.mark.parametrize("state", ["queued", "running", "parked"])
async def test_a_turn_that_has_not_ended_keeps_its_text_however_old_it_is(house: House, state: str) -> None:
    turn = await house.begin()
    await house.turns.keep_answer(turn, "half of it", None, whole=False)
    async with (
        house.database.write() as connection
    ):  # `ended_at` is what a turn that was begun again may carry
        await connection.execute(update(turns).values(state=state, ended_at=house.clock()))
    house.clock.advance(days=4000)

    assert (await house.sweep()).turns == 0

    assert await house.count(messages) == 2
    assert SECRET in await house.everything()


async def test_age_counts_from_the_end_of_a_turn_and_not_from_its_question(house: House) -> None:
    turn = await house.begin()
    house.clock.advance(days=31)
    await house.turns.close(turn, TurnState.ANSWERED)

    assert (await house.sweep()).turns == 0


async def test_without_retention_text_is_kept_for_ever(house: House) -> None:
    await house.answer()
    house.clock.advance(days=10_000)

    assert await house.sweep(days=0) == Swept(events=1)

    assert await house.count(messages) == 2


async def test_an_event_is_recognised_for_two_weeks_and_then_forgotten(house: House) -> None:
    await house.intake.receive(said(key="old"))
    house.clock.advance(days=13)
    await house.intake.receive(said(key="new"))

    assert (await house.sweep()).events == 0
    house.clock.advance(days=2)
    assert (await house.sweep()).events == 1

    async with house.database.read() as connection:
        assert list((await connection.execute(select(events.c.key))).scalars()) == ["new"]


async def test_a_call_of_a_tool_is_recognised_for_two_weeks_and_then_forgotten(house: House) -> None:
    claims = ToolClaims(house.database, house.clock)
    assert await claims.claim("paid")
    house.clock.advance(days=13)

    assert (await house.sweep()).tool_calls == 0
    assert not await claims.claim("paid")
    house.clock.advance(days=2)
    assert (await house.sweep()).tool_calls == 1
    assert await claims.claim("paid")


async def test_persons_whom_nobody_is_any_more_are_removed(house: House) -> None:
    await house.intake.receive(said(by=ANA))
    async with house.database.write() as connection:
        await connection.execute(persons.insert().values(key="nobody", created_at=house.clock()))

    assert (await house.sweep()).persons == 1

    assert await house.count(persons) == await house.count(identities) == 1


async def test_an_empty_database_is_swept_too(house: House) -> None:
    assert await house.sweep() == Swept()


async def test_batches_are_bounded_and_others_write_between_them(house: House) -> None:
    for number in range(7):
        await house.answer(f"{SECRET} {number}")
    house.clock.advance(days=31)
    left: list[int] = []

    async def meanwhile(_: float) -> None:
        left.append(await house.count(messages))
        await house.answer(f"a turn between two batches, {len(left)}")

    swept = await house.keeper(batch=3, sleep=meanwhile).sweep()

    assert swept.turns == swept.events == 7
    assert left[:2] == [14 - 6, 14 - 12 + 2]
    assert await house.count(messages) == 2 * len(left)
    assert SECRET not in await house.everything()


async def test_a_question_is_answered_while_a_long_sweep_goes_on(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(*(said(f"{SECRET} {number}") for number in range(4)))
        await stage.change("UPDATE turns SET ended_at = '2020-01-01'")
        answers: list[str] = []

        async def meanwhile(_: float) -> None:
            await stage.hear(said("and now?", by=BEN))
            answers.append(stage.platform.visible("D-ana")[-1])

        now = stage.core.retention._now
        keeper = Retention(stage.core.database, now, StorageSettings(), batch=2, sleep=meanwhile)
        await keeper.sweep()

        assert len(answers) == 2
        assert all("and now?" in answer for answer in answers)
        assert not [words for words in await stage.rows("SELECT text FROM messages") if SECRET in words]


async def test_two_sweeps_at_once_clear_everything_once(house: House) -> None:
    for number in range(10):
        await house.answer(f"{SECRET} {number}")
    house.clock.advance(days=31)
    async with Database(house.database.url.render_as_string(hide_password=False)) as other:
        keepers = [
            Retention(each, house.clock, StorageSettings(retention_days=30), batch=2, sleep=_at_once)
            for each in (house.database, other)
        ]

        first, second = await asyncio.gather(*(keeper.sweep() for keeper in keepers))
        rest = await house.sweep()

    assert first.turns + second.turns + rest.turns == 10
    assert first.events + second.events + rest.events == 10
    assert await house.count(messages) == 0
    assert await house.count(usage) == 10


@pytest.mark.may_skip("a SQLite file has one writer at a time")
async def test_a_row_that_another_process_has_in_hand_is_passed_over(house: House) -> None:
    if house.database.is_sqlite:
        pytest.skip("a SQLite file has one writer at a time")
    held = await house.answer()
    await house.answer()
    house.clock.advance(days=31)
    async with house.database.write() as connection:
        await connection.execute(select(turns).where(turns.c.id == held.id).with_for_update())

        assert (await soon("a sweep", house.sweep())).turns == 1

    assert (await house.sweep()).turns == 1


async def test_a_conversation_goes_on_after_its_past_was_cleared_away(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said(SECRET))
        await stage.change("UPDATE turns SET ended_at = '2020-01-01'")
        await stage.core.retention.sweep()
        await stage.hear(said("what did I say?"))
        await stage.hear(said("and just now?"))

        assert [message["content"] for message in stage.asked[1]["messages"]] == ["what did I say?"]
        assert stage.asked[2]["messages"][0]["content"] == "what did I say?"
        assert await stage.rows("SELECT count(*) FROM conversations") == [1]
        assert await stage.rows("SELECT count(*) FROM usage") == [3]


async def test_history_is_read_on_while_its_older_pages_are_cleared_away(house: House) -> None:
    for number in range(60):
        await house.answer(f"words {number}")
    turn = await house.begin("now")
    _, past = await HistoryStore(house.database).read(turn.conversation_id, turn.id)
    newest = await anext(past)

    house.clock.advance(days=31)
    await house.sweep()

    assert newest.text == "words 59"
    assert len([message async for message in past]) == 49


async def test_the_running_bot_sweeps_at_its_start(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon_after = {**(Retention.run.__kwdefaults__ or {}), "first_after_s": 0.0}
    monkeypatch.setattr(Retention.run, "__kwdefaults__", soon_after)
    async with staged(migrated_url) as stage:
        await stage.hear(said(SECRET))
        await stage.change("UPDATE turns SET ended_at = '2020-01-01'")

    reported: asyncio.Queue[str] = asyncio.Queue()
    structlog.configure(processors=[_report_to(reported, "retention.swept")])
    async with staged(migrated_url) as stage:
        await soon("a report of the retention", reported.get())

        assert await stage.rows("SELECT count(*) FROM messages") == [0]


async def test_it_sweeps_every_interval_and_no_error_ends_it(house: House) -> None:
    pauses = FakeClock()
    broken = False

    def now() -> datetime:
        if broken:
            raise RuntimeError("no time")
        return house.clock()

    settings = StorageSettings(retention_days=30)
    reported: asyncio.Queue[str] = asyncio.Queue()
    structlog.configure(processors=[_report_to(reported)])
    keeper = Retention(house.database, now, settings, sleep=pauses.sleep)
    await house.answer()
    house.clock.advance(days=31)
    running = asyncio.create_task(keeper.run(interval_s=3600))
    try:
        assert await _next_report(reported, pauses, after_s=FIRST_AFTER_S) == "retention.swept"
        broken = True
        assert await _next_report(reported, pauses) == "retention.failed"
        broken = False
        await house.answer()
        house.clock.advance(days=31)
        assert await _next_report(reported, pauses) == "retention.swept"
    finally:
        running.cancel()
        await ended(running)

    assert running.cancelled()


async def _next_report(reported: asyncio.Queue[str], pauses: FakeClock, *, after_s: float = 3600) -> str:
    await pauses.advance(after_s)
    return await soon("a report of the retention", reported.get())


def _report_to(reported: asyncio.Queue[str], *wanted: str) -> structlog.typing.Processor:
    def report(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
        if not wanted or event["event"] in wanted:
            reported.put_nowait(str(event["event"]))
        raise structlog.DropEvent

    return report


@pytest.mark.may_skip("only SQLite's plan says something about tables that are almost empty")
async def test_finding_what_is_old_walks_the_indexes(house: House) -> None:
    if not house.database.is_sqlite:
        pytest.skip("the plan of an almost empty PostgreSQL table says nothing")
    old = (
        "state IN ('answered', 'failed') AND ended_at < '2020-01-01' AND emptied_at IS NULL ORDER BY ended_at"
    )
    async with house.database.read() as connection:
        plans = [
            str((await connection.execute(text(f"EXPLAIN QUERY PLAN {query} LIMIT 200"))).all())
            for query in (
                f"SELECT id FROM turns WHERE {old}",  # noqa: S608  all of it stands here
                "SELECT key FROM events WHERE received_at < '2020-01-01' ORDER BY received_at",
            )
        ]

    assert "ix_turns_ended_at" in plans[0]
    assert "ix_events_received_at" in plans[1]
    assert "TEMP B-TREE" not in str(plans)


async def test_deleted_text_is_not_left_in_the_free_pages_of_a_sqlite_file(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3"))
    async with Database(f"sqlite:///{path}") as database:
        house = House(database)
        await house.answer(f"{SECRET} " * 500)
        house.clock.advance(days=31)
        await house.sweep()

    assert SECRET.encode() not in path.read_bytes()
