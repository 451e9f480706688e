"""Pages that update themselves: over real sockets and in a real browser; one reader, bounds, sessions that end."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event, update

from bots.web.console.live.hub import event as event_of
from bots.web.console.live.scripts import CONFIGURATION, scripts
from bots.web.console.security.headers import POLICY
from bots.web.server import serve
from core.domain.audit import Actor, Via
from core.domain.console import Role
from core.storage.db import Database, console_sessions, turns
from tests.console_browser import DESK, NEEDS_CHROMIUM, Watch, chromium, window
from tests.console_seed import Size, fill
from tests.console_stage import Console, Surfer, console_on, sqlite_copy
from tests.waiting import soon, until

SMALL = Size(people=6, turns=60, days=5)
QUICK = {"live_interval_s": 0.2}


class Following:
    """A connection that takes events, as a browser does."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def event(self) -> tuple[str, str]:
        """The next one: its name and its text."""
        name, text = "", []
        async for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                text.append(line.removeprefix("data: "))
            elif not line and name:
                return name, "\n".join(text)
        return "closed", ""

    async def update(self, having: str) -> str:
        """The next part that has something in it."""
        async with asyncio.timeout(60):
            while True:
                name, text = await self.event()
                assert name == "update", (name, text)
                if having in text:
                    return text


@asynccontextmanager
async def following(port: int, surfer: Surfer, path: str) -> AsyncIterator[Following]:
    cookies = {"aivax-console": surfer.cookie}
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/console", cookies=cookies, timeout=60)
    async with client, client.stream("GET", f"/live/{path}") as response:
        assert response.status_code == 200, response.status_code
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield Following(response.aiter_lines())


@asynccontextmanager
async def served(migrated: Path, folder: Path, **settings: object) -> AsyncIterator[tuple[Console, int, int]]:
    """The console on a port, and the turn that failed last."""
    async with (
        console_on(sqlite_copy(migrated, folder), **{**QUICK, **settings}) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
    ):
        last = await fill(console.database, datetime.now(UTC), SMALL)
        try:
            yield console, port, last
        finally:
            console.stop.set()


async def change(database: Database, turn_id: int, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(update(turns).where(turns.c.id == turn_id).values(**values))


async def test_what_changes_is_sent_to_who_looks_at_it(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with served(migrated_sqlite, tmp_path) as (console, port, last):
        viewer, held = await console.user("vic", Role.VIEWER), last - 5
        async with (
            following(port, viewer, "overview") as overview,
            following(port, viewer, "waiting") as waiting,
            following(port, viewer, f"turns/{held}") as turn,
        ):
            before = [await soon("a part", each.event()) for each in (overview, waiting, turn)]
            ended = datetime.now(UTC)
            await change(console.database, held, state="failed", failure="Gone", held_by=None, ended_at=ended)

            tiles = await soon("the tiles", overview.update('href="/console/waiting">4<'))
            lists = await soon("the lists", waiting.update("<code>Gone</code>"))
            course = await soon("the course", turn.update("Gone"))

    assert [name for name, _ in before] == ["update"] * 3
    assert 'href="/console/waiting">5<' in before[0][1]
    assert "<html" not in tiles + lists + course
    assert "form_token" not in tiles + lists + course


async def test_one_reader_asks_for_all_who_look(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with served(migrated_sqlite, tmp_path, live_per_session=50, live_connections=50) as (
        console,
        port,
        last,
    ):
        viewer = await console.user("vic", Role.VIEWER)
        asked: dict[int, int] = {}
        for number in (1, 25):
            async with AsyncExitStack() as stack:
                rows = [
                    await stack.enter_async_context(following(port, viewer, f"turns/{last - each % 5}"))
                    for each in range(number)
                ]
                for each in rows:
                    await soon("a part", each.event())
                asked[number] = await statements_of_a_look(console.database)

    assert 0 < asked[25] <= asked[1] + 1


async def statements_of_a_look(database: Database) -> int:
    """How many statements are made between two looks at the sessions, which each look begins with."""
    seen: list[str] = []
    engine = database._engine.sync_engine

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        seen.append(statement)

    def looks() -> list[int]:
        return [
            number for number, each in enumerate(seen) if re.match(r"SELECT console_sessions.digest", each)
        ]

    event.listen(engine, "before_cursor_execute", note)
    try:
        await until("three looks", lambda: len(looks()) >= 3)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    _, second, third = looks()[:3]
    return third - second


async def test_a_connection_ends_with_its_session(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with served(migrated_sqlite, tmp_path, session_idle_hours=1) as (console, port, _):
        revoked, idle, stays = [await console.user(name, Role.VIEWER) for name in ("ria", "ida", "sam")]
        async with (
            following(port, revoked, "waiting") as first,
            following(port, idle, "overview") as second,
            following(port, stays, "overview") as third,
        ):
            for each in (first, second, third):
                await soon("a part", each.event())
            users = {each.user.name: each.user.id for each in await console.sign_in.accounts.sessions.all()}
            await console.sign_in.accounts.users.remove(users["ria"], Actor(Via.CONSOLE, "ana"))
            async with console.database.write() as connection:
                old = update(console_sessions).where(console_sessions.c.user_id == users["ida"])
                long_ago = datetime.now(UTC) - timedelta(hours=2)
                await connection.execute(old.values(seen_at=long_ago))

            for each in (first, second):
                told = await soon("the end", each.update("You are signed out."))
                assert "<table" not in told
                assert (await soon("the end", each.event()))[0] == "end"
                assert (await soon("the close", each.event()))[0] == "closed"
            console.frontends.told = [("slack", None, "")]
            assert "connecting" in await soon("a part", third.update("connecting"))


async def test_everybody_goes_at_once_when_the_process_ends(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with served(migrated_sqlite, tmp_path, live_interval_s=60) as (console, port, _):
        viewer = await console.user("vic", Role.VIEWER)
        async with following(port, viewer, "overview") as one:
            await soon("a part", one.event())

            console.stop.set()

            assert (await soon("the end", one.event()))[0] == "end"
        late = await viewer.see("/live/overview")
    assert late.status == 503


async def test_no_more_may_look_than_there_is_room_for(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with served(migrated_sqlite, tmp_path, live_per_session=2, live_connections=3) as (
        console,
        port,
        _,
    ):
        one, other = await console.user("vic", Role.VIEWER), await console.user("ola", Role.VIEWER)
        async with AsyncExitStack() as stack:
            for who in (one, one, other):
                await stack.enter_async_context(following(port, who, "overview"))
            too_many_of_one = await one.see("/live/overview")
            too_many = await other.see("/live/overview")
            page = await other.see("/")
        async with following(port, other, "overview") as after:
            assert (await soon("a part", after.event()))[0] == "update"

    assert (too_many_of_one.status, too_many.status, page.status) == (503, 503, 200)


@pytest.mark.parametrize("path", ["overview", "waiting", "turns/1"])
async def test_nobody_follows_without_a_session(migrated_sqlite: Path, tmp_path: Path, path: str) -> None:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console:
        page = await console.browser().see(f"/live/{path}")

    assert page.status == 303
    assert page.to.startswith("/console/sign-in")


async def test_pages_are_whole_without_a_script(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), live_connections=0) as console:
        await fill(console.database, datetime.now(UTC), SMALL)
        viewer = await console.user("vic", Role.VIEWER)
        pages = [await viewer.see(path) for path in ("/", "/waiting")]
        missing = await viewer.see("/live/overview")

    assert all("<script" not in page.source and "sse-connect" not in page.source for page in pages)
    assert "Waiting 5" in pages[0].text
    assert missing.status == 404


def test_scripts_come_from_our_address_alone_and_evaluate_nothing() -> None:
    assert [each.name for each in scripts()] == ["htmx-2.min.js", "hx-sse-2.min.js"]
    assert "script-src 'self'" in POLICY
    assert "unsafe" not in POLICY
    assert '"allowEval": false' in CONFIGURATION
    assert (
        event_of("update", "a\r\nevent: end\r\rb")
        == b"event: update\ndata: a\ndata: event: end\ndata: \ndata: b\n\n"
    )


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
@pytest.mark.long
async def test_a_browser_shows_what_changes_by_itself_and_keeps_the_focus(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with served(migrated_sqlite, tmp_path) as (console, port, last), chromium() as browser:
        viewer, held = await console.user("vic", Role.VIEWER), last - 5
        desk, watch = await window(browser, DESK), Watch(f"127.0.0.1:{port}")
        base = f"http://127.0.0.1:{port}/console"
        await desk.add_cookies([{"name": "aivax-console", "value": viewer.cookie, "url": base}])
        page = await desk.new_page()
        watch.over(page)
        await page.goto(f"{base}/waiting")
        await page.locator(f"#turn-{held + 1}").focus()
        failed = {"state": "failed", "failure": "Gone", "held_by": None, "ended_at": datetime.now(UTC)}
        await change(console.database, held, **failed)

        await page.get_by_text("Gone", exact=True).wait_for()
        focused = await page.evaluate("document.activeElement.id")
        await page.goto(f"{base}/")
        await page.locator(".live .tile-value a", has_text="4").wait_for()
        await change(console.database, held + 1, **failed)
        await page.locator(".live .tile-value a", has_text="3").wait_for()
        ids = {each.user.name: each.user.id for each in await console.sign_in.accounts.sessions.all()}
        await console.sign_in.accounts.sessions.end_others(ids["vic"], "")
        await page.get_by_text("You are signed out.").wait_for()

    assert focused == f"turn-{held + 1}"
    assert watch.complaints == []
