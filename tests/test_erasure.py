"""Deleted means deleted: no copy is left in any table, nor in the files, while the bot runs and others read."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from alembic import command
from sqlalchemy import Engine, event, insert, select, text
from sqlalchemy.pool import ConnectionPoolEntry

from core.domain import (
    Action,
    Attachment,
    Author,
    Command,
    Commanded,
    Deleted,
    Identity,
    Place,
    Pressed,
    Said,
    TurnState,
)
from core.storage.db import Database, metadata, migrate, tool_activity, turns
from core.storage.personal_data.quotes import needles, quotes
from core.storage.personal_data.sqlite_scrub import Scrubber
from sandbox.server import Sandbox, serve
from tests.fakes import FakeClock
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged
from tests.waiting import ended, soon

SECRET = "the door code is 7731"
LONG = "long 3000"


@pytest.fixture(autouse=True)
def _careless_build() -> Iterator[None]:
    """A SQLite that overwrites nothing by itself, as some builds are: here it is built with `secure_delete` on."""

    def careless(connection: Any, _entry: ConnectionPoolEntry) -> None:
        if "sqlite" in type(connection).__module__:
            connection.cursor().execute("PRAGMA secure_delete=OFF")

    event.listen(Engine, "connect", careless, insert=True)
    yield
    event.remove(Engine, "connect", careless)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        server.state.tokens_per_s = 0
        yield server


@pytest.fixture
async def stage(migrated_url: str, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox) as opened:
        yield opened


def deleted(*messages: Said) -> Deleted:
    place, origins = messages[0].place, tuple(message.origin for message in messages)
    return Deleted((f"deleted:{origins}",), place.platform, place.workspace, place.channel, origins)


def pressed(action: Action, turn: str, *, by: Author = ANA, words: str = "", at: Place = DIRECT) -> Pressed:
    return Pressed((f"{action}-{uuid.uuid4().hex}",), by, at, action, turn, f"whispers/{action}", words)


async def until(looked: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait until something is there, and take it."""
    try:
        async with asyncio.timeout(60):
            while not (found := await looked()):  # noqa: ASYNC110  rows and files tell nobody of a change
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain for {what}")
    return found


async def shown(stage: Stage, place: str) -> list[str]:
    """Wait until a place shows something that is longer than a sign of work."""

    async def looked() -> list[str]:
        return [each for each in stage.platform.visible(place) if len(each) > 40]

    found: list[str] = await until(looked, f"a text in {place}")
    return found


async def forget(stage: Stage, *, by: Author = ANA, at: Place = DIRECT) -> str:
    """Ask what is stored, and press the button that deletes it; what the person is told."""
    key = uuid.uuid4().hex
    await stage.core.intake.receive(Commanded((key,), by, at, Command.PRIVACY, f"asides/{key}"))
    (turn,) = await stage.rows("SELECT key FROM turns WHERE offers = 'forget'")
    await stage.core.intake.receive(pressed(Action.FORGET, turn, by=by, at=at))

    async def told() -> list[str]:
        return [each for each in stage.platform.visible("whispers") if "I've deleted" in each]

    return str((await until(told, "the sentence that all is deleted"))[-1])


async def left(stage: Stage, words: str = SECRET) -> list[str]:
    """Where the words are found: in the raw files, or in which table of a server."""
    database = stage.core.database
    if database.path is not None:
        files = [Path(f"{database.path}{suffix}") for suffix in ("", "-wal", "-journal")]
        return [path.name for path in files if path.exists() and words.encode() in path.read_bytes()]
    async with database.read() as connection:
        dump = {
            table.name: str((await connection.execute(select(table))).all())
            for table in metadata.sorted_tables
        }
    return [name for name, rows in dump.items() if words in rows]


@asynccontextmanager
async def readers(stage: Stage) -> AsyncIterator[None]:
    """Others read all the time, in short transactions, as a bot at work does."""

    async def read(table: str) -> None:
        while True:  # no deadline: until it is cancelled
            await stage.rows(f"SELECT count(*) FROM {table}")  # noqa: S608  ours
            await asyncio.sleep(0.001)

    tasks = [asyncio.create_task(read(table)) for table in ("turns", "messages")]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await ended(*tasks)


async def gone(stage: Stage, words: str = SECRET) -> bool:
    """Wait until the words are found nowhere: a reader may hold the log up for a moment."""

    async def looked() -> bool:
        return not await left(stage, words)

    return bool(await until(looked, f"{words!r} to be left nowhere"))


async def leave_traces(stage: Stage, question: Said) -> str:
    """Have a question answered, and leave its words wherever a bot can; the turn's key."""
    await stage.hear(question)
    (row,) = await stage.rows("SELECT max(id) FROM turns WHERE NOT notice")
    (key,) = await stage.rows(f"SELECT key FROM turns WHERE id = {row}")  # noqa: S608  ours
    async with stage.core.database.write() as connection:
        now = stage.core.intake.deletion._erasures._now()  # type: ignore[attr-defined]
        tool = {"turn_id": row, "tool_id": "t", "name": "search", "state": "completed", "updated_at": now}
        await connection.execute(insert(tool_activity).values(contents=SECRET, explanation=SECRET, **tool))
    await stage.hear(pressed(Action.BAD, key, words=f"wrong: {SECRET}"))
    return str(key)


# In the files


async def test_what_is_forgotten_is_left_nowhere_while_the_bot_runs(stage: Stage) -> None:
    for number in range(12):
        await stage.hear(said(f"{SECRET}, {number} {'and so on ' * 30}"))
    await leave_traces(stage, said(SECRET, attachments=(Attachment("ref", f"{SECRET}.png"),)))
    assert await left(stage) != []

    async with readers(stage):
        told = await forget(stage)

        assert await gone(stage)
    assert "your questions (13)" in told


async def test_where_a_person_lives_is_forgotten_with_them(stage: Stage) -> None:
    traveller = replace(ANA, time_zone="Antarctica/Troll")
    await stage.hear(said("hello", by=traveller))
    assert await stage.rows("SELECT time_zone FROM identities") == ["Antarctica/Troll"]

    await forget(stage)

    assert await gone(stage, "Antarctica/Troll")


async def test_a_deleted_message_is_left_nowhere_and_what_quotes_it_neither(stage: Stage) -> None:
    question = said(SECRET, at=CHANNEL)
    key = await leave_traces(stage, question)
    await stage.hear(pressed(Action.REGENERATE, key, at=CHANNEL))
    assert await left(stage) != []

    async with readers(stage):
        await stage.hear(deleted(question))

        assert await gone(stage)
    await stage.hear(said("what did I say?", at=CHANNEL))
    assert SECRET not in str(stage.asked[-1])


async def test_anothers_deleted_message_goes_from_answers_in_a_shared_place(
    migrated_url: str, sandbox: Sandbox
) -> None:
    async with staged(migrated_url, sandbox=sandbox, conversation={"scope": "thread"}) as stage:
        question = said(SECRET, by=BEN, at=CHANNEL)
        await stage.hear(question)
        await stage.hear(said("something else", at=CHANNEL))
        await stage.change(
            "UPDATE messages SET text = 'Ben said: *The door code\n> is 7731*!' WHERE role = 'assistant'"
            " AND turn_id = (SELECT max(turn_id) FROM messages)"
        )
        await stage.hear(said("and this stays", at=CHANNEL))

        await stage.hear(deleted(question))

        assert await gone(stage)
        texts = await stage.rows("SELECT text FROM messages ORDER BY id")
        assert "something else" in texts
        assert not any("7731" in each for each in texts)
        assert "and this stays" in texts[-1]


async def test_old_text_is_left_nowhere(stage: Stage) -> None:
    await leave_traces(stage, said(SECRET))
    await stage.change("UPDATE turns SET ended_at = '2020-01-01'")
    assert await left(stage) != []

    async with readers(stage):
        await stage.core.retention.sweep()

        assert await gone(stage)


async def test_what_sqlite_moved_to_another_page_is_left_nowhere(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Rows that grow or go make SQLite move their neighbours, whose old bytes `secure_delete` never overwrites."""
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3"))
    dice = random.Random(7)  # noqa: S311  the same each time
    async with Database(f"sqlite:///{path}") as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE diary (id INTEGER PRIMARY KEY, words TEXT)"))
            rows = [{"id": number} for number in range(400)]
            await connection.execute(text("INSERT INTO diary VALUES (:id, 'x')"), rows)
            grown = [
                {"id": dice.randrange(400), "words": f"{SECRET} " * dice.randrange(60)} for _ in range(900)
            ]
            await connection.execute(text("UPDATE diary SET words = :words WHERE id = :id"), grown)
        async with database.write() as connection:
            await connection.execute(text("UPDATE diary SET words = ''"))
        await database.empty_log()
        assert SECRET.encode() in path.read_bytes()

        assert await Scrubber(database).scrub()

        assert SECRET.encode() not in path.read_bytes()
        assert Path(f"{path}-wal").stat().st_size == 0


async def test_a_large_file_is_not_rewritten(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3"))
    async with Database(f"sqlite:///{path}") as database:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE diary AS SELECT hex(zeroblob(500000)) AS words"))
        async with database.write() as connection:
            await connection.execute(text("DROP TABLE diary"))
        await database.empty_log()
        before = path.stat().st_size

        assert await Scrubber(database, rewrite_up_to_mb=1).scrub()
        assert path.stat().st_size == before
        assert await Scrubber(database, rewrite_up_to_mb=2).scrub()
        assert path.stat().st_size < before - 900_000


async def test_every_connection_overwrites_what_it_deletes(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database, database.read() as one, database.read() as other:
        assert [
            (await connection.exec_driver_sql("PRAGMA secure_delete")).scalar_one()
            for connection in (one, other)
        ] == [1, 1]


async def test_the_log_is_emptied_once_its_reader_is_done_and_nobody_waits_meanwhile(sqlite_url: str) -> None:
    clock = FakeClock()
    async with Database(sqlite_url) as database:
        scrubber = Scrubber(database, now=clock.now, sleep=clock.sleep)
        trying = asyncio.create_task(scrubber.run())
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE diary (words TEXT)"))
        async with database.read() as reader:
            await reader.execute(text("SELECT * FROM diary"))
            assert not await scrubber.scrub()
            async with asyncio.timeout(5), database.write() as connection:
                await connection.execute(text("INSERT INTO diary VALUES ('dear')"))
            await clock.advance(0.1)
            log_file = Path(f"{database.path}-wal")
            assert log_file.stat().st_size

        async with asyncio.timeout(10):
            while log_file.stat().st_size:
                await clock.advance(1)

        trying.cancel()
        await ended(trying)


async def test_a_log_that_cannot_be_emptied_is_told(sqlite_url: str) -> None:
    clock = FakeClock()
    reported: asyncio.Queue[str] = asyncio.Queue()

    def report(_logger: object, _method: str, entry: structlog.typing.EventDict) -> str:
        reported.put_nowait(str(entry["event"]))
        raise structlog.DropEvent

    structlog.configure(processors=[report])
    async with Database(sqlite_url) as database, database.write() as connection:
        await connection.execute(text("CREATE TABLE diary (words TEXT)"))
    async with Database(sqlite_url) as database, database.read() as reader:
        await reader.execute(text("SELECT * FROM diary"))
        async with database.write() as connection:
            await connection.execute(text("INSERT INTO diary VALUES ('dear')"))
        scrubber = Scrubber(database, now=clock.now, sleep=clock.sleep)
        trying = asyncio.create_task(scrubber.run())
        await scrubber.scrub()

        async with asyncio.timeout(20):
            while reported.empty():
                await clock.advance(5)

        assert await soon("a report", reported.get()) == "database.not_scrubbed"
        trying.cancel()
        await ended(trying)


# What waits, and what runs


async def test_a_question_that_waits_is_forgotten_unasked_and_counted(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.account.set_balance(0)
    await stage.hear(said(SECRET))
    assert await stage.states() == ["parked"]
    asked = len(stage.asked)

    told = await forget(stage)
    sandbox.state.account.set_balance(5)
    await stage.heal()

    assert "your questions (1)" in told
    assert await gone(stage)
    assert len(stage.asked) == asked
    assert stage.platform.visible(DIRECT.channel) == ["Stopped here, because the question was deleted."]


async def test_an_answer_under_way_is_broken_off_and_stores_nothing(stage: Stage, sandbox: Sandbox) -> None:
    sandbox.state.tokens_per_s = 60
    question = said(f"{LONG} {SECRET}")
    await stage.core.intake.receive(question)
    await shown(stage, DIRECT.channel)

    told = await forget(stage)
    await stage.rest()

    assert "your questions (1)" in told
    assert stage.platform.visible(DIRECT.channel)[0].endswith("because the question was deleted.")
    assert await stage.rows("SELECT state FROM turns WHERE NOT notice") == ["cancelled"]
    assert await stage.rows("SELECT address FROM turns WHERE NOT notice") == [""]
    assert await gone(stage)


@pytest.mark.may_skip("a SQLite file has one process")
async def test_another_process_breaks_off_what_its_author_wants_forgotten(
    migrated_url: str, sandbox: Sandbox
) -> None:
    if migrated_url.startswith("sqlite"):
        pytest.skip("a SQLite file has one process")
    sandbox.state.tokens_per_s = 60
    async with (
        staged(migrated_url, sandbox=sandbox) as writer,
        staged(migrated_url, sandbox=sandbox, platform=writer.platform) as other,
    ):
        await writer.core.intake.receive(said(f"{LONG} {SECRET}"))
        await shown(writer, DIRECT.channel)

        await forget(other)
        await asyncio.gather(writer.rest(), other.rest())

        assert writer.platform.visible(DIRECT.channel)[0].endswith("because the question was deleted.")
        assert await left(writer) == []


async def test_an_answer_that_is_whole_at_the_last_instant_is_not_stored(database: Database) -> None:
    from tests.test_retention import House

    house = House(database)
    turn = await house.begin(SECRET)
    async with database.write() as connection:
        await connection.execute(text("UPDATE turns SET cancel_request = 'withdraw'"))

    await house.turns.keep_answer(turn, SECRET, None, whole=True)
    await house.turns.close(turn, TurnState.ANSWERED)

    async with database.read() as connection:
        (row,) = (await connection.execute(select(turns.c.answer, turns.c.address))).all()
        texts = (await connection.execute(text("SELECT text FROM messages WHERE role = 'assistant'"))).all()
    assert (row, texts) == ((None, ""), [])


async def test_a_large_past_is_forgotten_in_small_steps_that_let_others_write(stage: Stage) -> None:
    await stage.hear(said(SECRET))
    many = 1_500
    async with stage.core.database.write() as connection:
        (turn,) = (await connection.execute(select(turns))).all()
        more = [{"id": turn.id + 1 + number, "key": uuid.uuid4().hex} for number in range(many)]
        await connection.execute(
            insert(turns), [{**turn._mapping, "address": SECRET, **each} for each in more]
        )
        await connection.execute(
            text(
                "INSERT INTO messages (conversation_id, turn_id, identity_id, role, text, whole, attachments,"
                " origin, created_at) SELECT conversation_id, id, identity_id, 'user', :words, true, '[]', '',"
                " created_at FROM turns WHERE id > :first"
            ),
            {"words": SECRET, "first": turn.id},
        )
        if not stage.core.database.is_sqlite:
            await connection.execute(text("SELECT setval('turns_id_seq', (SELECT max(id) FROM turns))"))
    waits: list[float] = []

    async def keep_writing() -> None:
        loop = asyncio.get_running_loop()
        while True:  # no deadline: until it is cancelled
            began = loop.time()
            await stage.core.intake.receive(said("hello", by=BEN, at=CHANNEL))
            waits.append(loop.time() - began)
            await asyncio.sleep(0.01)

    writing = asyncio.create_task(keep_writing())
    told = await forget(stage)
    writing.cancel()
    await ended(writing)

    assert "your questions (1,501)" in told
    assert len(waits) > 3
    assert await gone(stage)
    await stage.rest()


async def test_a_wish_outlives_the_process_that_took_it_in(migrated_url: str, sandbox: Sandbox) -> None:
    async with staged(migrated_url, sandbox=sandbox) as first:
        await first.hear(said(SECRET))
        async with first.core.intake._store.transaction() as transaction:  # type: ignore[attr-defined]
            identity_id = await transaction.identity_id(ANA)
            here = await transaction.find_or_open(DIRECT, -identity_id)
            await transaction.erasures.ask(identity_id, here, "whispers/1", as_page=False)

    async with staged(migrated_url, sandbox=sandbox, platform=first.platform) as second:
        (told,) = await shown(second, "whispers")

        assert "your questions (1)" in told
        assert await gone(second)


async def test_a_person_is_forgotten_in_every_identity(stage: Stage) -> None:
    elsewhere = Author(Identity("fake", "W2", "ana"), "Ana Secret")
    await stage.hear(said("one"), said(SECRET, by=elsewhere, at=replace(DIRECT, workspace="W2")))
    await stage.change("UPDATE identities SET person_id = (SELECT min(id) FROM persons)")

    told = await forget(stage)

    assert "your questions (2)" in told
    assert await gone(stage)
    assert await stage.rows("SELECT name FROM identities ORDER BY id") == ["", ""]


async def test_what_others_said_stays(stage: Stage) -> None:
    await stage.hear(said("by Ana"), said("by Ben", by=BEN, at=CHANNEL))
    (key,) = await stage.rows("SELECT key FROM turns WHERE identity_id = (SELECT max(id) FROM identities)")
    await stage.hear(pressed(Action.BAD, key, by=BEN, at=CHANNEL, words="Ben's comment"))
    await stage.hear(pressed(Action.BAD, key, words="Ana's comment"))

    await forget(stage)

    assert await stage.rows("SELECT comment FROM feedback ORDER BY id") == ["Ben's comment", ""]
    assert "by Ben" in await stage.rows("SELECT text FROM messages")


# Quotes


@pytest.mark.parametrize(
    ("said_before", "answer", "expected"),
    [
        ("the door code is 7731", "You said the door code is 7731.", True),
        ("the door code is 7731", "You said: **The door\n> code** is 7731", True),
        ("7731", "It was 7731, I think", True),
        ("7731", "It was 17731, I think", False),
        ("yes", "yes, of course", False),
        ("Hello there. My daughter is called Mia. Bye", "So my daughter is called Mia, you wrote", True),
        ("one\nthe second line is long enough", "as in: the second line is long enough", True),
        ("", "anything", False),
    ],
)
def test_an_answer_quotes_what_it_repeats(said_before: str, answer: str, expected: bool) -> None:
    assert quotes(answer, needles(said_before)) == expected


# Addresses


async def test_a_token_in_an_address_goes_within_hours_and_a_questions_address_stays(stage: Stage) -> None:
    await stage.hear(said("tell me"), Commanded(("c",), ANA, DIRECT, Command.HELP, "asides/token-1234"))
    await stage.change("UPDATE turns SET ended_at = '2026-01-01'")

    await stage.core.retention.sweep()

    assert [bool(each) for each in await stage.rows("SELECT address FROM turns ORDER BY notice")] == [
        True,
        False,
    ]
    assert await gone(stage, "token-1234")


async def test_an_upgrade_takes_the_words_out_of_old_addresses(storage_url: str) -> None:
    old = json.dumps({"c": 7, "m": 7, "p": 5, "n": SECRET})

    async with Database(storage_url) as database:
        async with database.write() as connection:
            await connection.run_sync(lambda sync: command.upgrade(migrate._config(sync), "0004"))
            for statement in (
                "INSERT INTO persons (id, key, created_at) VALUES (1, 'k', '2026-01-01')",
                (
                    'INSERT INTO identities (id, person_id, platform, workspace, "user", name, locale, chosen_locale,'
                    " created_at) VALUES (1, 1, 'discord', '', 'u', '', '', '', '2026-01-01')"
                ),
                (
                    "INSERT INTO conversations (id, platform, workspace, channel, thread, private, owner_id, opened_at,"
                    " active_at) VALUES (1, 'discord', '', 'c', '', false, 1, '2026-01-01', '2026-01-01')"
                ),
            ):
                await connection.execute(text(statement))
            turn = (
                "INSERT INTO turns (id, conversation_id, identity_id, key, state, address, notice, attempt, tries,"
                " generation, awaited, offers, announced, unpaid, due_at, created_at) VALUES (1, 1, 1, 'k', 'parked',"
                " :address, false, 0, 0, 0, false, '', 0, 0, '2026-01-01', '2026-01-01')"
            )
            await connection.execute(text(turn), {"address": old})

        await migrate.upgrade(database)

        async with database.read() as connection:
            (address,) = (await connection.execute(select(turns.c.address))).scalars()
    assert json.loads(address) == {"c": 7, "m": 7, "p": 5, "o": True}
