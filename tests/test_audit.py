"""The audit log: whoever acts as an operator, by whichever way, stands in it; forgotten people leave no name there."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bots.cli.main import cli
from bots.web.console.pages.audit import DEEDS, VIAS
from core.domain import Author, Identity, Place
from core.domain.audit import Actor, AuditAction, AuditEntry, Via, in_chat
from core.domain.console import Role
from core.rights.people import PeopleDesk, carry_out
from core.settings import StorageSettings
from core.storage.console.audit import ROWS, AuditFilter, AuditReads
from core.storage.db import Database
from core.storage.operations.audit import AuditLog
from core.storage.ops.retention import Retention
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.intake import IntakeStore
from core.util.clock import utc_now
from tests.console_seed import Size, fill
from tests.console_stage import Console, console_on, sqlite_copy
from tests.samples import ANA, WallClock, said
from tests.stage import staged

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
SMALL = Size(people=6, turns=150, days=10)
SYSTEM = pwd.getpwuid(os.geteuid()).pw_name
ROOT = Actor(Via.COMMAND, "root")


async def logged(database: Database) -> Sequence[tuple[Any, ...]]:
    query = "SELECT via, actor, action, subject, detail FROM audit_log ORDER BY id"
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as opened:
        yield opened


# Who writes into it


async def test_what_is_done_in_the_console_is_told_with_who_and_what(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        failed = await fill(console.database, NOW, SMALL)
        ola, ana = await console.user("ola", Role.OPERATOR), await console.user("ana", Role.OWNER)
        await ola.see(f"/turns/{failed}")
        await ola.send(f"/turns/{failed}/retry")
        await ola.send(f"/turns/{failed}/retry")  # refused: nothing was done
        await ola.send(f"/turns/{failed - 5}/drop")
        await ana.see("/access")
        await ana.send("/access/invite", role="viewer")
        await ana.send("/access/users/1/role", role="viewer")
        await ana.send("/access/users/1/role", role="viewer")  # it was that already
        await ana.send("/access/users/1/remove")
        page = await ana.see("/audit")
        lines = await logged(console.database)

    joined = [
        ("console", name, "access.join", "", role) for name, role in (("ola", "operator"), ("ana", "owner"))
    ]
    signed_in = [("console", name, "sign_in", "", "") for name in ("ola", "ana")]
    assert [line for line in lines if line in joined + signed_in] == [
        line for pair in zip(joined, signed_in, strict=True) for line in pair
    ]
    assert [line for line in lines if line not in joined + signed_in] == [
        ("console", "ola", "turn.retry", "", ""),
        ("console", "ola", "turn.drop", "", ""),
        ("console", "ana", "access.invite", "", "viewer"),
        ("console", "ana", "access.role", "ola", "viewer"),
        ("console", "ana", "access.remove", "ola", ""),
    ]
    assert f"ola console 10.0.0.1 had a question tried again Turn {failed}" in page.text
    assert "ana console 10.0.0.1 changed a role ola viewer" in page.text


async def test_a_failed_sign_in_is_told_and_the_name_only_where_it_is_somebody_s(console: Console) -> None:
    ana = await console.user("ana", Role.OWNER)
    await console.browser(address="10.9.9.9").sign_in("ana", "a wrong password")
    await console.browser(address="10.9.9.8").sign_in("correct-horse-battery", "ana")
    for _ in range(9):  # after five it is slowed down, and no more is written
        await console.browser(address="10.9.9.7").sign_in("nobody", "x")

    page = await ana.see("/audit?what=sign_in.failed")
    failed = [line for line in await logged(console.database) if line[2] == "sign_in.failed"]

    assert (
        failed
        == [("console", "ana", "sign_in.failed", "", "")] + [("console", "", "sign_in.failed", "", "")] * 6
    )
    assert "ana console 10.9.9.9 gave a wrong name or password" in page.text
    assert "correct-horse" not in page.source


async def test_commands_are_told_with_the_system_s_user(migrated_url: str, tmp_path: Path) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello"))
    environment = {"AIVAX_BOTS__STORAGE__URL": migrated_url, "AIVAX_BOTS__AIVAX__API_KEY": "sk-aiv-acc-x"}
    environment |= {"LOGNAME": "somebody-else", "USER": "somebody-else"}

    for words in (
        *("pause", "resume", "resume", "people block fake:W1/ana", "people block fake:W1/ana"),
        *("people unblock Ana", f"people export Ana {tmp_path}/ana.json", "people forget Ana --yes"),
    ):
        await asyncio.to_thread(CliRunner().invoke, cli, words.split(), env=environment)

    async with Database(migrated_url) as database:
        assert await logged(database) == [
            ("command", SYSTEM, "answers.pause", "", ""),
            ("command", SYSTEM, "answers.resume", "", ""),
            *(
                ("command", SYSTEM, f"person.{what}", "fake:W1/ana", "")
                for what in ("block", "unblock", "export", "forget")
            ),
        ]


async def test_what_is_said_in_chat_is_told_with_who_said_it(migrated_url: str) -> None:
    boss = Author(Identity("slack", "W1", "UOPS"), "Bea Boss")
    at = Place("fake", "W1", "D-boss", private=True)
    async with staged(migrated_url, operators={"slack_users": ["UOPS"]}) as stage:
        await stage.heal()
        await stage.hear(said("hello"))
        for words in ("pause", "resume", "block Ana", "unblock Ana", "people forget Ana"):
            await stage.hear(said(words, by=boss, at=at))
        lines = await logged(stage.core.database)

    assert [line[:4] for line in lines] == [
        ("chat", "fake:UOPS", "answers.pause", ""),
        ("chat", "fake:UOPS", "answers.resume", ""),
        ("chat", "fake:UOPS", "person.block", "fake:ana"),
        ("chat", "fake:UOPS", "person.unblock", "fake:ana"),
        ("chat", "fake:UOPS", "person.forget", "fake:ana"),
    ]


async def test_neither_stands_without_the_other(migrated_url: str) -> None:
    """What can't be written down is not done."""
    async with console_on(migrated_url, now=lambda: NOW) as console:
        failed = await fill(console.database, NOW, SMALL)
        ola = await console.user("ola", Role.OPERATOR)
        await ola.see(f"/turns/{failed - 5}")
        async with console.database.write() as connection:
            await connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
        got = await ola.send(f"/turns/{failed - 5}/drop")
        desk = PeopleDesk(IntakeStore(console.database, utc_now), ())
        ((account, known),) = (await desk.accounts("Ben Carter")).items()
        with pytest.raises(Exception, match="audit_log"):
            await desk.block(account, known, by=ROOT)
        async with console.database.read() as connection:
            query = text("SELECT state FROM turns WHERE id = :id")
            state = await connection.scalar(query, {"id": failed - 5})
            blocked = await connection.scalar(text("SELECT count(*) FROM blocks"))

    assert got.status == 503
    assert (state, blocked) == ("parked", 0)


# What stays in it


async def test_a_forgotten_person_s_name_is_gone_from_it_and_the_fact_stays(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("hello", by=replace(ANA, name="Ana Unforgettable")))
        store = IntakeStore(stage.core.database, utc_now, ())
        desk = PeopleDesk(store, ())
        ((account, known),) = (await desk.accounts("Ana Unforgettable")).items()
        await desk.block(account, known, by=in_chat(ANA.identity))
        before = (await AuditReads(stage.core.database).page(AuditFilter())).rows
        await desk.forget(known, by=ROOT)
        await carry_out(store, Scrubber(stage.core.database), remotely=False)
        async with stage.core.database.read() as connection:
            all_of_it = str((await connection.execute(text("SELECT * FROM audit_log"))).all())
        after = (await AuditReads(stage.core.database).page(AuditFilter())).rows

    assert [(line.actor_name, line.subject_name) for line in before] == [("Ana Unforgettable",) * 2]
    assert [(line.action, line.subject, line.actor_name, line.subject_name) for line in after] == [
        ("person.forget", "fake:W1/ana", "", ""),
        ("person.block", "fake:W1/ana", "", ""),
    ]
    assert "Unforgettable" not in all_of_it


@pytest.mark.parametrize(("days", "left"), [(30.0, 1), (0.0, 2)])
async def test_entries_go_when_their_time_is_over(database: Database, days: float, left: int) -> None:
    clock = WallClock()
    log = AuditLog(database, clock)
    await log.add(AuditEntry(ROOT, AuditAction.PAUSE))
    clock.advance(days=31)
    await log.add(AuditEntry(ROOT, AuditAction.RESUME))

    swept = await Retention(database, clock, StorageSettings(retention_audit_days=days)).sweep()

    assert (len(await logged(database)), swept.audit) == (left, 2 - left)


# Looking at it


async def test_its_pages_have_each_entry_once_though_all_are_of_one_moment(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        log = AuditLog(console.database, lambda: NOW)
        for number in range(2 * ROWS + 3):
            await log.add(AuditEntry(ROOT, AuditAction.RETRY, turn=number + 1))
        ola = await console.user("ola", Role.OPERATOR)
        path, seen = "/audit?who=root", []
        for _ in range(4):
            if not path:
                break
            page = await ola.see(path)
            seen += [
                int(each.partition('"')[0])
                for each in page.source.split("/console/turns/")[1:]
                if each[0].isdigit()
            ]
            older = page.source.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
            path = older.removeprefix("/console").replace("&amp;", "&") if 'rel="next"' in page.source else ""

    assert seen == list(range(2 * ROWS + 3, 0, -1))


async def test_it_is_filtered_by_who_what_and_when(console: Console) -> None:
    clock = WallClock()
    log = AuditLog(console.database, clock)
    await log.add(AuditEntry(ROOT, AuditAction.PAUSE))
    clock.advance(days=3)
    await log.add(AuditEntry(Actor(Via.COMMAND, "eve"), AuditAction.RESUME))
    ola = await console.user("ola", Role.OPERATOR)

    async def deeds(query: str) -> list[str]:
        page = await ola.see(f"/audit?{query}")
        body = page.source.partition("<tbody>")[2]
        return [
            str(each) for each in ("paused all answers", "let answers go on", "signed in") if each in body
        ]

    assert await deeds("") == ["paused all answers", "let answers go on", "signed in"]
    assert await deeds("who=root") == ["paused all answers"]
    assert await deeds("what=answers.resume") == ["let answers go on"]
    assert await deeds("from=2026-09-01&to=2026-09-01") == ["paused all answers"]
    assert await deeds("from=2026-09-04") == ["let answers go on"]
    assert await deeds("who=root&what=answers.resume") == []
    assert "Nothing of that kind" in (await ola.see("/audit?who=root&what=answers.resume")).text
    for odd in (
        "from=x&to=9999-12-31&before=x",
        "before=0001-01-01T00:00:00%2B23:59~1",
        f"before={NOW.isoformat()}~{2**70}",
    ):
        assert (await ola.see(f"/audit?{odd.replace('+', '%2B')}")).status == 200


async def test_viewers_do_not_see_it(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    assert (await viewer.see("/audit")).status == 403
    assert "Audit log" not in (await viewer.see("/")).text
    assert (await console.browser().see("/audit")).to.startswith("/console/sign-in")


async def test_each_deed_and_way_has_words(console: Console) -> None:
    assert set(DEEDS) == set(AuditAction)
    assert set(VIAS) == {each.value for each in Via}
