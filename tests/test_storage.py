"""The database on both engines: schema, intake, claims, fences, ledger, history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select, text

from core.admission.quotas import Limits
from core.aivax.stream.events import Usage
from core.conversations.routes import Routes
from core.domain import (
    Attachment,
    Author,
    CancelRequest,
    DatabaseNewer,
    DatabaseUnreachable,
    Fenced,
    Identity,
    Receipt,
    Remembered,
    SettingRefused,
    ToolActivity,
    ToolState,
    Turn,
    TurnState,
)
from core.i18n import Translators
from core.ingest.model_choice import Models
from core.ingest.service import build_intake
from core.settings import AivaxSettings, ConversationSettings, LimitsSettings
from core.storage.db import (
    Database,
    conversations,
    identities,
    messages,
    migrate,
    persons,
    turns,
    usage,
)
from core.storage.db.tables import written_for
from core.storage.history import MOST_AT_ONCE, PAGE, HistoryStore
from core.storage.personal_data import registry  # noqa: F401  it knows all tables
from core.storage.turns.intake import IntakeStore
from core.storage.turns.ledger import StoredLedger
from core.storage.turns.store import TurnStore
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, no_models, reset, said
from tests.waiting import WITHIN_S, soon


class NotedQueue:
    """Remembers who was said to have work."""

    def __init__(self) -> None:
        self.noted: list[int] = []

    def keep(self, conversation_id: int, platform: str) -> bool:
        return True

    def notify(self, conversation_id: int) -> None:
        self.noted.append(conversation_id)


class Desk:
    """The stores over one database, with a clock of their own."""

    def __init__(
        self,
        database: Database,
        conversation: ConversationSettings | None = None,
        limits: LimitsSettings | None = None,
    ) -> None:
        self.database = database
        self.clock = WallClock()
        self.queue = NotedQueue()
        self.turns = TurnStore(database, self.clock, "desk")
        self.history = HistoryStore(database)
        self.intake = build_intake(
            IntakeStore(database, self.clock),
            self.queue,
            Limits(limits or LimitsSettings()),
            Translators(),
            Models(Routes((), AivaxSettings(), instructions=""), (), lambda _model: None, no_models),
            conversation=conversation or ConversationSettings(),
        )

    async def claim(self) -> Turn:
        turn = await self.turns.claim(self.queue.noted[-1])
        assert turn is not None
        return turn

    async def asked(self, turn: Turn) -> Sequence[Remembered]:
        """What the person said to begin a turn."""
        question, past = await self.history.read(turn.conversation_id, turn.id)
        await past.aclose()
        return question

    async def past(self, turn: Turn) -> list[Remembered]:
        """What was said before a turn, the newest first."""
        _, past = await self.history.read(turn.conversation_id, turn.id)
        return [message async for message in past]

    async def crash(self) -> int:
        """Let the process that runs turns be gone for longer than its lease."""
        self.clock.advance(minutes=1)
        return await self.turns.recover({"fake"})

    async def count(self, table: object) -> int:
        async with self.database.read() as connection:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()  # type: ignore[arg-type]

    async def states(self) -> list[str]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(turns.c.state).order_by(turns.c.id))).scalars())


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_models_and_migrations_say_the_same(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return [
            difference
            for difference in compare_metadata(context, written_for(connection.dialect.name))
            if "procrastinate" not in str(difference)
        ]

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


def test_a_migration_s_file_is_called_after_its_revision() -> None:
    scripts = ScriptDirectory.from_config(migrate._config())

    assert migrate.head() == scripts.get_current_head()
    assert all(migrate.knows(script.revision) for script in scripts.walk_revisions())


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    assert await migrate.upgrade(database) == migrate.head() == await migrate.current(database)


async def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseNewer, match="9999"):
        await migrate.upgrade(database)


async def test_processes_that_start_together_migrate_once(storage_url: str) -> None:
    async with Database(storage_url) as one, Database(storage_url) as other:
        reached = await asyncio.gather(migrate.upgrade(one), migrate.upgrade(other))

    assert reached == [migrate.head(), migrate.head()]


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/db", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_no_database_is_refused_by_its_setting(url: str) -> None:
    with pytest.raises(SettingRefused, match=r"\[storage\] url"):
        Database(url)


async def test_an_unreachable_server_is_told_without_its_password() -> None:
    async with Database("postgresql://bot:hunter2@127.0.0.1:1/bots") as database:
        with pytest.raises(DatabaseUnreachable) as refused:
            await migrate.upgrade(database)

    assert "hunter2" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


async def test_an_event_is_stored_once_however_often_it_comes(desk: Desk) -> None:
    event = said("once", key="same")

    receipts = [await desk.intake.receive(event) for _ in range(3)]

    assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE, Receipt.DUPLICATE]
    assert await desk.count(turns) == await desk.count(messages) == 1


async def test_one_text_under_two_names_is_one_event(desk: Desk) -> None:
    event = said("hello")
    again = said("hello")
    first = type(event)((*event.keys, "client-1"), *[getattr(event, name) for name in _after_keys()])
    second = type(again)((*again.keys, "client-1"), *[getattr(again, name) for name in _after_keys()])

    receipts = [await desk.intake.receive(first), await desk.intake.receive(second)]

    assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE]


def _after_keys() -> tuple[str, ...]:
    return ("author", "place", "text", "address", "origin", "attachments")


async def test_what_one_person_says_at_once_is_stored_in_the_order_it_came_in(desk: Desk) -> None:
    await desk.intake.receive(said("first"))  # leaves one connection open, which others need not wait for
    rest = [said(f"number {number}") for number in range(4)]

    await asyncio.gather(*(desk.intake.receive(event) for event in rest))

    async with desk.database.read() as connection:
        stored = (await connection.execute(select(messages.c.text).order_by(messages.c.id))).scalars().all()
    assert stored == ["first", *(event.text for event in rest)]


async def test_a_key_longer_than_its_column_still_recognises(desk: Desk) -> None:
    event = said(key="k" * 2000)

    assert [await desk.intake.receive(event) for _ in range(2)] == [Receipt.ACCEPTED, Receipt.DUPLICATE]


async def test_deliveries_of_one_event_at_the_same_instant_make_one_turn(desk: Desk) -> None:
    event = said("race", key="race")

    receipts = await asyncio.gather(*(desk.intake.receive(event) for _ in range(5)))

    assert sorted(receipts) == [Receipt.ACCEPTED, *[Receipt.DUPLICATE] * 4]
    assert await desk.count(turns) == 1


@pytest.mark.parametrize("first_to_commit", [0, 1])
async def test_two_first_messages_at_the_same_instant_make_one_conversation(
    storage_url: str, first_to_commit: int
) -> None:
    """Two processes, each in its own transaction, held open so that they overlap as far as the engine lets them."""
    async with Database(storage_url) as one, Database(storage_url) as other:
        await migrate.upgrade(one)
        go = [asyncio.Event(), asyncio.Event()]

        async def open_in(database: Database, own: asyncio.Event, let: asyncio.Event) -> int:
            async with IntakeStore(database, WallClock()).transaction() as transaction:
                let.set()
                await soon("the other process", own.wait())
                identity = await transaction.identity_id(ANA)
                return await transaction.find_or_open(DIRECT, identity)

        async def release() -> None:
            arriving = [asyncio.create_task(event.wait()) for event in arrived]
            await asyncio.wait(arriving, return_when="FIRST_COMPLETED", timeout=WITHIN_S)
            go[first_to_commit].set()
            go[1 - first_to_commit].set()

        arrived = [asyncio.Event(), asyncio.Event()]
        pair = [one, other]
        found = await asyncio.gather(*(open_in(pair[n], go[n], arrived[n]) for n in (0, 1)), release())

        assert found[0] == found[1]
        desk = Desk(one)
        assert [await desk.count(table) for table in (conversations, identities, persons)] == [1, 1, 1]


async def test_reset_starts_a_new_conversation_and_keeps_the_old_one(desk: Desk) -> None:
    await desk.intake.receive(said("before"))
    await desk.intake.receive(reset())
    await desk.intake.receive(said("after"))

    old, confirmed, new = desk.queue.noted
    assert old != confirmed == new
    assert await desk.count(conversations) == 2
    turn = await desk.turns.claim(new)
    assert turn is not None
    assert turn.answer == "Started a new conversation. I no longer see what we said before."


async def test_silence_of_idle_reset_starts_a_new_conversation(database: Database) -> None:
    desk = Desk(database, ConversationSettings(idle_reset_hours=2))
    await desk.intake.receive(said("morning"))
    desk.clock.advance(hours=1.9)
    await desk.intake.receive(said("still there"))
    desk.clock.advance(hours=2.1)
    await desk.intake.receive(said("evening"))

    first, second, third = desk.queue.noted
    assert first == second != third


async def test_authors_have_conversations_of_their_own_in_one_place(desk: Desk) -> None:
    await desk.intake.receive(said(by=ANA, at=CHANNEL))
    await desk.intake.receive(said(by=BEN, at=CHANNEL))

    assert len(set(desk.queue.noted)) == 2


async def test_a_thread_scope_is_shared_by_all_who_write_in_it_but_not_in_private(database: Database) -> None:
    desk = Desk(database, ConversationSettings(scope="thread"))
    for place in (CHANNEL, DIRECT):
        await desk.intake.receive(said(by=ANA, at=place))
        await desk.intake.receive(said(by=BEN, at=place))

    assert desk.queue.noted[0] == desk.queue.noted[1]
    assert desk.queue.noted[2] != desk.queue.noted[3]


async def test_a_message_over_the_limit_is_answered_with_the_limit(database: Database) -> None:
    desk = Desk(database, limits=LimitsSettings(message_chars=10))
    await desk.intake.receive(said("x" * 11))

    turn = await desk.claim()
    assert turn.notice
    assert turn.answer is not None
    assert "10 characters" in turn.answer
    assert await desk.count(messages) == 0


async def test_when_too_many_wait_the_next_is_told_so(database: Database) -> None:
    desk = Desk(database, limits=LimitsSettings(waiting_turns=2))
    cleo = Author(Identity("fake", "W1", "cleo"), "Cleo")
    for author in (ANA, BEN, cleo):
        await desk.intake.receive(said(by=author))

    refused = await desk.claim()
    assert refused.author == cleo
    assert refused.answer is not None
    assert "too many questions" in refused.answer
    for conversation_id in desk.queue.noted[:2]:
        turn = await desk.turns.claim(conversation_id)
        assert turn is not None
        assert not turn.notice


async def test_a_conversation_runs_one_turn_at_a_time_in_order(desk: Desk) -> None:
    for words in ("one", "two"):
        await desk.intake.receive(said(words))

    first = await desk.claim()
    assert await desk.turns.claim(first.conversation_id) is None
    await desk.turns.close(first, TurnState.ANSWERED)
    second = await desk.claim()

    assert [(await desk.asked(turn))[0].text for turn in (first, second)] == ["one", "two"]


async def test_a_claimed_turn_knows_its_author_place_and_person(desk: Desk) -> None:
    await desk.intake.receive(said(by=ANA, at=CHANNEL))

    turn = await desk.claim()

    assert (turn.author, turn.place) == (ANA, CHANNEL)
    assert len(turn.person_key) == 32
    assert (turn.attempt, turn.tries, turn.generation) == (1, 1, 0)


async def test_an_attempt_that_was_taken_over_can_write_nothing(desk: Desk) -> None:
    await desk.intake.receive(said())
    frozen = await desk.claim()
    ledger = await StoredLedger.open(desk.database, frozen)
    assert await desk.crash() == 1
    woken = await desk.claim()

    assert (woken.attempt, woken.generation) == (2, 1)
    for attempt in (
        ledger.check(),
        ledger.intend(0),
        ledger.posted(0, "m"),
        ledger.shows(0, 1),
        desk.turns.keep_answer(frozen, "late", None, whole=True),
        desk.turns.close(frozen, TurnState.ANSWERED),
        desk.turns.release(frozen, desk.clock(), counts=False),
    ):
        with pytest.raises(Fenced):
            await attempt
    assert await desk.states() == ["running"]


async def test_recovery_leaves_alone_what_runs_here_and_what_other_frontends_have(desk: Desk) -> None:
    await desk.intake.receive(said())
    turn = await desk.claim()

    assert await desk.turns.recover({"fake"}, running={turn.id}) == 0
    assert await desk.turns.recover({"other"}) == 0
    assert await desk.turns.conversations_with_work({"fake"}) == []


@pytest.mark.may_skip("a SQLite file has one process")
async def test_what_another_living_process_runs_is_left_to_it(desk: Desk) -> None:
    if desk.database.is_sqlite:
        pytest.skip("a SQLite file has one process")
    await desk.intake.receive(said())
    turn = await desk.claim()
    other = TurnStore(desk.database, desk.clock, "other")

    desk.clock.advance(seconds=29)
    assert await other.recover({"fake"}) == 0
    await desk.turns.renew({turn.id})
    desk.clock.advance(seconds=29)
    assert await other.recover({"fake"}) == 0
    desk.clock.advance(seconds=2)
    assert await other.recover({"fake"}) == 1


async def test_a_delayed_turn_waits_for_its_time_and_holds_the_later_ones(desk: Desk) -> None:
    await desk.intake.receive(said("first"))
    await desk.intake.receive(said("second"))
    turn = await desk.claim()
    later = desk.clock().replace(hour=13)
    await desk.turns.release(turn, later, counts=False)

    assert await desk.turns.claim(turn.conversation_id) is None
    desk.clock.advance(hours=1)
    again = await desk.claim()
    assert (again.id, again.attempt, again.tries) == (turn.id, 2, 1)


@pytest.mark.parametrize(("answer", "state"), [("it worked out", "queued"), (None, "cancelled")])
async def test_a_turn_that_was_dropped_while_it_was_tried_goes_back_only_with_its_answer(
    desk: Desk, answer: str | None, state: str
) -> None:
    await desk.intake.receive(said())
    turn = await desk.claim()
    async with desk.database.write() as connection:
        await connection.execute(turns.update().values(cancel_request=CancelRequest.DROP))
    if answer:
        await desk.turns.keep_answer(turn, answer, None, whole=True)

    await desk.turns.release(turn, desk.clock(), counts=False)

    async with desk.database.read() as connection:
        assert (await connection.execute(select(turns.c.state))).scalar_one() == state


async def test_conversations_with_work_are_found_by_platform_and_due_time(desk: Desk) -> None:
    await desk.intake.receive(said())

    assert await desk.turns.conversations_with_work({"fake"}) == [desk.queue.noted[0]]
    assert await desk.turns.conversations_with_work({"slack"}) == []


async def test_a_whole_answer_is_delivered_after_a_crash_without_asking_again(desk: Desk) -> None:
    await desk.intake.receive(said())
    turn = await desk.claim()
    await desk.turns.keep_answer(turn, "all of it", Usage(3, 4, 0, 0.5, "m"), whole=True)
    await desk.crash()

    again = await desk.claim()

    assert (again.answer, again.generation) == ("all of it", turn.generation)
    assert await desk.count(usage) == 1


async def test_an_answer_that_is_stored_twice_is_one_message(desk: Desk) -> None:
    await desk.intake.receive(said("question"))
    turn = await desk.claim()

    for _ in range(2):  # a connection that broke while it committed told nobody whether it did
        await desk.turns.keep_answer(turn, "all of it", None, whole=True)

    assert await desk.count(messages) == 2


async def test_half_an_answer_is_replaced_when_it_is_generated_anew(desk: Desk) -> None:
    await desk.intake.receive(said("question"))
    turn = await desk.claim()
    await desk.turns.keep_answer(turn, "half", None, whole=False)
    await desk.crash()

    again = await desk.claim()
    await desk.turns.keep_answer(again, "all", None, whole=True)
    await desk.turns.close(again, TurnState.ANSWERED)

    await desk.intake.receive(said("next"))
    following = await desk.claim()
    past = [message.text for message in await desk.past(following)]
    assert past == ["all", "question"]


async def test_the_ledger_remembers_from_attempt_to_attempt(desk: Desk) -> None:
    await desk.intake.receive(said())
    turn = await desk.claim()
    ledger = await StoredLedger.open(desk.database, turn)
    intended = await ledger.intend(0)
    await ledger.posted(0, "m-1")
    await ledger.shows(0, 120, closed=True)
    await ledger.intend(1)
    await desk.crash()

    reopened = await StoredLedger.open(desk.database, await desk.claim())

    first, second = reopened.earlier
    assert (first.message_id, first.shown, first.closed, first.generation) == ("m-1", 120, True, 0)
    assert (second.message_id, second.shown) == ("", 0)
    assert reopened.generation == 1
    assert intended.nonce == first.nonce != second.nonce
    assert len(second.nonce) <= 25


async def test_a_claim_announces_the_first_message_of_an_answer(desk: Desk) -> None:
    await desk.intake.receive(said("hello"))
    turn = await desk.claim()
    ledger = await desk.turns.ledger(turn)
    intended = await ledger.intend(0)

    await desk.crash()  # after the post, before its record
    reopened = await desk.turns.ledger(await desk.claim())

    assert ledger.earlier == ()
    assert [(each.part, each.nonce, each.message_id) for each in reopened.earlier] == [
        (0, intended.nonce, "")
    ]
    assert await reopened.intend(0) == intended


async def test_a_message_whose_intent_was_forgotten_meanwhile_is_known_nevertheless(desk: Desk) -> None:
    await desk.intake.receive(said("hello"))
    turn = await desk.claim()
    ledger = await desk.turns.ledger(turn)
    await ledger.intend(0)
    async with desk.database.write() as connection:
        await connection.execute(text("DELETE FROM deliveries"))

    await ledger.posted(0, "m-1", 5)

    assert await ledger.holds("m-1")


@pytest.mark.parametrize("way", ["release", "delay", "hold", "tell"])
async def test_a_turn_that_is_put_back_untouched_leaves_nothing_to_look_up(desk: Desk, way: str) -> None:
    await desk.intake.receive(said("hello"))
    if way == "tell":
        turn = await desk.turns.claim_to_tell(1, 1, place=1)
        assert turn is not None
        await desk.turns.release(turn, desk.clock(), counts=False)
    else:
        turn = await desk.claim()
        put_back = {
            "release": lambda: desk.turns.release(turn, desk.clock(), counts=False),
            "delay": lambda: desk.turns.delay(turn, "outage:m", desk.clock()),
            "hold": lambda: desk.turns.hold(turn, "outage:m"),
        }
        await put_back[way]()

    assert (await desk.turns.ledger(await desk.claim())).earlier == ()


async def test_a_turn_that_is_put_back_after_a_lost_create_leaves_it_to_look_up(desk: Desk) -> None:
    await desk.intake.receive(said("hello"))
    turn = await desk.claim()
    intended = await (await desk.turns.ledger(turn)).intend(0)

    await desk.turns.release(turn, desk.clock(), counts=False)

    (left,) = (await desk.turns.ledger(await desk.claim())).earlier
    assert left.nonce == intended.nonce


async def test_a_message_that_had_to_be_made_anew_has_a_new_nonce(desk: Desk) -> None:
    await desk.intake.receive(said())
    ledger = await StoredLedger.open(desk.database, await desk.claim())
    before = await ledger.intend(0)
    await ledger.posted(0, "m-1")
    await ledger.forget(0)

    after = await ledger.intend(0)

    assert after.nonce != before.nonce
    assert after.message_id == ""
    assert (await ledger.intend(0)).nonce == after.nonce


async def test_tool_activity_keeps_the_newest_state_of_each_tool(desk: Desk) -> None:
    await desk.intake.receive(said())
    turn = await desk.claim()
    for state in (ToolState.RUNNING, ToolState.COMPLETED):
        await desk.turns.keep_activity(turn, ToolActivity("t1", "WebSearch", state))

    async with desk.database.read() as connection:
        rows = (await connection.execute(text("SELECT state FROM tool_activity"))).scalars().all()
    assert rows == ["completed"]


async def test_history_is_read_newest_first_across_pages(desk: Desk) -> None:
    asked = (PAGE + MOST_AT_ONCE) // 2 + 3
    for number in range(asked):
        await desk.intake.receive(
            said(f"q{number}", attachments=(Attachment("r", "cat.png", "image/png", 3),))
        )
        turn = await desk.claim()
        await desk.turns.keep_answer(turn, f"a{number}", None, whole=True)
        await desk.turns.close(turn, TurnState.ANSWERED)
    await desk.intake.receive(said("now"))
    turn = await desk.claim()

    past = await desk.past(turn)

    expected = [f"{role}{number}" for number in reversed(range(asked)) for role in "aq"]
    assert [message.text for message in past] == expected
    assert past[1].attachments[0].name == "cat.png"
    assert past[1].author_name == "Ana"


async def test_a_question_that_came_while_another_ran_stands_after_its_answer(desk: Desk) -> None:
    await desk.intake.receive(said("first"))
    running = await desk.claim()
    await desk.intake.receive(said("second"))
    await desk.turns.keep_answer(running, "answer to first", None, whole=True)
    await desk.turns.close(running, TurnState.ANSWERED)

    following = await desk.claim()

    past = [message.text for message in await desk.past(following)]
    assert past == ["answer to first", "first"]


async def test_text_that_a_database_could_not_hold_is_mended_not_refused(desk: Desk) -> None:
    broken = "a\x00b \ud83d end"
    await desk.intake.receive(
        said(
            broken,
            by=Author(Identity("fake", "W1", "x"), broken * 100),
            attachments=(Attachment(broken, broken),),
        )
    )

    turn = await desk.claim()
    (message,) = await desk.asked(turn)
    assert message.text == "ab \ufffd end"
    assert len(turn.author.name) == 256


async def test_what_waits_behind_a_gate_counts_as_waiting(desk: Desk) -> None:
    for author in (ANA, BEN):
        await desk.intake.receive(said(by=author))
        await desk.turns.hold(await desk.claim(), "balance")

    async with IntakeStore(desk.database, desk.clock).transaction() as transaction:
        assert [await transaction.waiting_turns(most) for most in (10, 1)] == [2, 1]
