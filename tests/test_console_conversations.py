"""Conversations in the console: found by each filter, read as they were, words for those alone who may read them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, insert, select, update

from core.domain.console import Role
from core.storage.console import conversations as listing
from core.storage.db import conversations, identities, messages, turns
from tests.console_seed import REFERENCE, Size, fill
from tests.console_stage import Console, Page, Surfer, console_on, sqlite_copy

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
SMALL = Size(people=6, turns=150, days=10)
WORD = "xylophone"


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as opened:
        yield opened


def listed(page: Page) -> list[int]:
    """The conversations of a list, in its order."""
    return [int(each) for each in re.findall(r'"/console/conversations/([0-9]+)\?at=', page.source)]


def linked(page: Page, rel: str) -> str:
    """Where a page leads on; `""`: nowhere."""
    found = re.search(rf'href="/console([^"]*)" rel="{rel}"', page.source)
    return found[1].replace("&amp;", "&") if found else ""


async def all_of(surfer: Surfer, path: str) -> list[int]:
    """The conversations of all pages of a list."""
    found: list[int] = []
    async with asyncio.timeout(60):
        while path:
            page = await surfer.see(path)
            assert page.status == 200
            found += listed(page)
            path = linked(page, "next")
    return found


async def expected(console: Console, *which: ColumnElement[bool]) -> list[int]:
    """The conversations with such a question, by the last of them."""
    query = select(turns.c.id, turns.c.conversation_id, turns.c.created_at).join(conversations)
    async with console.database.read() as connection:
        rows = (await connection.execute(query.where(~turns.c.notice, *which).order_by(turns.c.id))).all()
    last = {row.conversation_id: row for row in rows}
    return sorted(last, key=lambda each: (last[each].created_at, last[each].id), reverse=True)


# The list


async def test_each_filter_finds_the_conversations_with_such_a_question_once(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "ROWS", 3)  # so that there are many pages
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        ola = await console.user("ola", Role.OPERATOR)
        week = turns.c.created_at >= NOW - timedelta(days=7)
        month = turns.c.created_at >= NOW - timedelta(days=30)
        day = turns.c.created_at >= datetime(2026, 9, 1, tzinfo=UTC)
        day &= turns.c.created_at < datetime(2026, 9, 2, tzinfo=UTC)
        there = (conversations.c.platform == "slack") & (conversations.c.channel == "sales")
        for query, which in {
            "": [week],
            "days=30": [month],
            "days=30&person=CHLO": [month, turns.c.identity_id == 2],
            "days=30&person=slack:U000002": [month, turns.c.identity_id == 2],
            "days=30&of=2": [month, turns.c.identity_id == 2],
            "days=30&platform=discord": [month, conversations.c.platform == "discord"],
            "days=30&platform=slack&channel=%23sales": [month, there],
            "days=30&outcome=failed": [month, turns.c.state == "failed"],
            "days=30&outcome=waiting": [month, turns.c.state.in_(["queued", "running", "parked"])],
            "days=30&outcome=answered&of=2": [month, turns.c.state == "answered", turns.c.identity_id == 2],
            "from=2026-09-01&to=2026-09-01": [day],
            f"days=1&reference=%20%60{REFERENCE.upper()}%60": [turns.c.reference == REFERENCE],
        }.items():
            assert await all_of(ola, f"/conversations?{query}") == await expected(console, *which), query
            assert await expected(console, *which), query


async def test_words_are_found_within_the_other_filters_and_told_how_far(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 40)
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, SMALL)
        async with console.database.write() as connection:
            old, new = (update(messages).where(messages.c.turn_id == each) for each in (30, 145))
            await connection.execute(old.values(text=f"a 100% {WORD.upper()}"))
            await connection.execute(new.values(text=f"no 100_{WORD}"))
            rows = await connection.execute(turns.select().where(turns.c.id.in_([30, 145])))
            of = {row.id: row.conversation_id for row in rows}
        ola = await console.user("ola", Role.OPERATOR)
        first = await ola.see(f"/conversations?days=30&words={WORD}")
        found = await all_of(ola, f"/conversations?days=30&words={WORD}")
        literal = await all_of(ola, f"/conversations?days=30&words=100%25%20{WORD}")
        other = await all_of(ola, f"/conversations?days=30&words={WORD}&outcome=waiting")
        short = await ola.see("/conversations?words=xy")

    assert found == [of[145], of[30]]
    assert "Looked back to" in first.text
    assert literal == [of[30]]
    assert other == []
    assert "at least 3 characters" in short.text


async def test_roles_that_may_not_read_words_neither_see_nor_search_them(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(migrated_sqlite, tmp_path)
    async with console_on(url, now=lambda: NOW, words_for="owner") as console:
        await fill(console.database, NOW, SMALL)
        async with console.database.write() as connection:
            files = [{"name": f"{WORD}.pdf", "ref": "x"}]
            await connection.execute(update(messages).values(text=f"our {WORD}", attachments=files))
        for name, role in (("vic", Role.VIEWER), ("ola", Role.OPERATOR)):
            surfer = await console.user(name, role)
            pages = [
                await surfer.see(path)
                for path in ("/conversations", "/conversations/4", "/turns/150", "/people/2")
            ]
            searched = await surfer.see(f"/conversations?words={WORD}")
            assert [page.status for page in pages] == [200] * 4
            assert WORD not in "".join(page.source for page in pages)
            assert 'name="words"' not in pages[0].source
            assert "Hidden from your role" in pages[1].text
            assert searched.status == 403
        owner = await console.user("ana", Role.OWNER)
        assert f"our {WORD}" in (await owner.see("/conversations")).text
        whole = await owner.see("/conversations/4")

    assert f"our {WORD}" in whole.text
    assert f"{WORD}.pdf" in whole.text


async def test_nothing_found_is_said_and_what_makes_no_sense_is_passed_over(console: Console) -> None:
    viewer = await console.user("vic", Role.VIEWER)

    empty = await viewer.see("/conversations")
    nobody = await viewer.see("/conversations?person=zz-nobody")
    odd = "of=x&outcome=%27--&days=-9&from=99&to=0000-00-00&before=~&reference=%00&channel=%00&person=%00"

    assert "No conversation fits" in empty.text
    assert "No conversation fits" in nobody.text
    assert (await viewer.see(f"/conversations?{odd}")).status == 200
    assert (await viewer.see("/conversations?of=99999999999999999999")).status == 200
    for path in ("/conversations/999999", f"/conversations/{2**63}", "/conversations/x", "/people/999999"):
        assert (await viewer.see(path)).status == 404
    assert (await viewer.see(f"/conversations/1?at={2**70}&before=x")).status == 404


# One of them


async def test_a_long_conversation_is_read_page_by_page_in_its_order(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        await fill(console.database, NOW, Size(people=6, turns=250, days=10))
        ola = await console.user("ola", Role.OPERATOR)
        async with console.database.read() as connection:
            query = select(turns.c.id).where(turns.c.conversation_id == 4)
            ids = list((await connection.execute(query.order_by(turns.c.id))).scalars())
        path, back = "/conversations/4", []
        async with asyncio.timeout(60):
            while path:
                page = await ola.see(path)
                back = shown(page) + back
                path, first = linked(page, "prev"), page
            forth = shown(first)
            while path := linked(first, "next"):
                first = await ola.see(path)
                forth += shown(first)
        wanted = await ola.see(f"/conversations/4?at={ids[7]}")

    assert len(ids) > 2 * 20
    assert back == forth == ids
    assert shown(wanted)[0] == ids[7]
    assert f'"/console/turns/{ids[7]}"' in wanted.source


def shown(page: Page) -> list[int]:
    return [int(each) for each in re.findall(r'<li id="t([0-9]+)"', page.source)]


async def test_what_was_changed_deleted_or_broken_off_is_marked(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        last = await fill(console.database, NOW, SMALL)
        of = {"conversation_id": 4, "identity_id": 2, "state": "cancelled"}
        async with console.database.write() as connection:
            for number, (request, more) in enumerate(
                (
                    ("change", {"replaced_by": last, "state": "superseded"}),
                    ("withdraw", {}),
                    ("take_back", {}),
                    ("stop", {"state": "answered"}),
                    (None, {"replaced_by": last, "state": "failed"}),
                    (None, {"emptied_at": NOW, "state": "answered"}),
                    (None, {"notice": True, "state": "answered", "answer": "I was paused."}),
                )
            ):
                changed = update(turns).where(turns.c.id == 140 + number)
                await connection.execute(changed.values({**of, "cancel_request": request, **more}))
            moved = update(messages).where(messages.c.turn_id >= 140).values(conversation_id=4)
            await connection.execute(moved)
            gone = update(messages).where(messages.c.turn_id == 141, messages.c.role == "user")
            await connection.execute(gone.values(text="", attachments=[]))
            cut = update(messages).where(messages.c.turn_id == 143, messages.c.role == "assistant")
            await connection.execute(cut.values(whole=False))
            file = update(messages).where(messages.c.turn_id == 142, messages.c.role == "user")
            await connection.execute(file.values(text="", attachments=[{"name": "plan.pdf", "ref": "x"}]))
        page = await (await console.user("ola", Role.OPERATOR)).see("/conversations/4?at=140")

    parts = {int(part.partition('"')[0]): Text(part).text for part in page.source.split('<li id="t')[1:]}
    assert "question was changed" in parts[140]
    assert f"Turn {last} answers it" in parts[140]
    assert "question was deleted" in parts[141]
    assert "Deleted on the platform." in parts[141]
    assert "answer was taken away" in parts[142]
    assert "plan.pdf" in parts[142]
    assert "Deleted" not in parts[142]
    assert "answer was stopped" in parts[143]
    assert "cut short" in parts[143]
    assert "asked once more" in parts[144]
    assert "No words are kept" in parts[145]
    assert "I was paused." in parts[146]


class Text(Page):
    """A piece of a page."""

    def __init__(self, source: str) -> None:
        self.source = source


async def test_a_shared_conversation_is_nobodys_own(console: Console) -> None:
    await fill(console.database, NOW, SMALL)
    async with console.database.write() as connection:
        await connection.execute(update(conversations).where(conversations.c.id == 4).values(owner_id=0))
        row = {"platform": "slack", "workspace": "T0ACME", "user": "U9", "name": "", "created_at": NOW}
        await connection.execute(insert(identities).values(id=99, person_id=1, **row))
        of = update(messages).where(messages.c.conversation_id == 4, messages.c.role == "user")
        await connection.execute(of.values(identity_id=99))
    ola = await console.user("ola", Role.OPERATOR)

    page = await ola.see("/conversations/4")

    assert "Person shared by all there" in page.text
    assert "U9 ·" in page.text
    assert "shared by all there" in (await ola.see("/conversations?days=30")).text
