"""`aivax-bots status --watch` in a real terminal, beside a listener and a worker on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pyte
import pytest
from rich.console import Console

from bots.terminal.status import Screen
from core.domain import Breaker, Cause
from core.storage.operations.overview import Failure, Overview, TrippedBreaker
from sandbox.faults import Fault
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PIPE, forker
from tests.terminal_screen import ScreenOf, at_screen
from tests.town import ENVIRONMENT, Bot, Town, running
from tests.waiting import soon

TERMINAL = {**ENVIRONMENT, "TERM": "xterm", "LANG": "C.UTF-8"}


@dataclass
class Watched:
    """Two processes, and what is looked at."""

    town: Town
    folder: Path
    worker: Bot

    async def looks(self, screen: ScreenOf) -> None:
        """What an operator sees of trouble."""
        row = self.row_of(screen)
        await screen.shows("both platforms", lambda: "discord up, slack up" in row("Frontends"))
        assert row("Breakers") == "none is tripped"
        self.town.sandbox.state.faults.add(Fault("completions", "status", status=400))
        await self.town.slack.say(self.town.ana, self.town.general, f"{self.town.slack.mention} refused")
        await screen.shows("the error", lambda: "on slack: RequestRefused, reference" in row("Last errors"))
        self.town.sandbox.state.account.set_balance(0)
        await self.town.slack.say(self.town.ana, self.town.general, f"{self.town.slack.mention} unpaid")
        await screen.shows("the breaker", lambda: row("Breakers").startswith("balance for "))
        await screen.shows("what it holds", lambda: "1 held" in row("Queue"))
        assert max(map(len, screen.rows)) <= 120

    @staticmethod
    def row_of(screen: ScreenOf) -> Any:
        def row(name: str) -> str:
            return next((each[len(name) :].strip() for each in screen.rows if each.startswith(name)), "")

        return row


@asynccontextmanager
async def two_processes(folder: Path, url: str, port: int) -> AsyncIterator[Watched]:
    web = f'\n[web]\nenabled = true\nport = {port}\nadmin_token = "operator"\n'
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, url)
        for name in ("listen", "work"):
            (folder / name).mkdir()
        async with running(folder / "listen", town.config(storage=url) + web, "--role", "listen") as listener:
            await listener.line()
            async with running(folder / "work", town.config(storage=url), "--role", "work") as worker:
                await worker.line()
                yield Watched(town, folder / "listen", worker)


@pytest.mark.long
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
async def test_an_operator_sees_trouble_come(
    tmp_path: Path, postgres_url: str, unused_tcp_port: int, columns: int, rows: int
) -> None:
    async with (
        two_processes(tmp_path, postgres_url, unused_tcp_port) as watched,
        at_screen(
            "status", "--watch", env=TERMINAL, cwd=watched.folder, columns=columns, rows=rows
        ) as screen,
    ):
        await watched.looks(screen)
        screen.press("\x03")

        assert await screen.ended() == 0
        assert sum(each.startswith("aivax-bots at ") for each in screen.text.splitlines()) == 1
        assert "Traceback" not in screen.text


async def test_who_reads_json_has_a_line_for_each_look(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "config.toml").write_text(f'[storage]\nurl = "{sqlite_url}"\n')
    program = await forker().start(
        "status", "--watch", "--json", cwd=tmp_path, env=ENVIRONMENT, files=(PIPE, PIPE, PIPE)
    )
    assert program.stdout is not None

    looks = [json.loads(await soon("a look", program.stdout.readline())) for _ in range(2)]
    program.send_signal(2)

    assert await soon("its end", program.wait()) == 0
    assert looks[0]["at"] < looks[1]["at"]


async def test_who_reads_a_pipe_sees_each_look_below_the_one_before(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "config.toml").write_text(f'[storage]\nurl = "{sqlite_url}"\n')
    program = await forker().start(
        "status", "--watch", cwd=tmp_path, env=ENVIRONMENT, files=(PIPE, PIPE, PIPE)
    )
    assert program.stdout is not None

    async def looks() -> list[bytes]:
        found: list[bytes] = []
        async with asyncio.timeout(60):
            while len(found) < 2:
                line = await soon("a line", program.stdout.readline())
                found += [line] * line.startswith(b"aivax-bots at ")
        return found

    first, second = await looks()
    program.send_signal(2)

    assert await soon("its end", program.wait()) == 0
    assert first < second


@dataclass(frozen=True)
class Seen:
    at: datetime
    database: Overview | None
    database_problem: str = ""
    bot: dict[str, Any] | None = None
    bot_problem: str = "not asked"


NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
TROUBLED = Overview(
    waiting=3,
    delayed=1,
    running=2,
    held=13,
    oldest_waiting=NOW - timedelta(minutes=4),
    platforms={"slack": NOW, "discord": NOW},
    answered_at=NOW,
    answered_of_day=423,
    failed_of_day=3,
    spent_of_day_usd=1.2,
    breakers=[TrippedBreaker(Breaker(Cause.BALANCE), NOW, NOW + timedelta(seconds=400), 13)],
    alerts=["breaker:balance"],
    failures=[Failure(n, NOW, "RequestRefused", "0badcafe", "slack") for n in range(30)],
    pause_sentence=None,
)


@pytest.mark.parametrize("rows", [14, 24, 40])
def test_what_does_not_fit_is_the_oldest_of_the_errors(rows: int) -> None:
    emulated = pyte.Screen(80, rows)
    emulated.set_mode(pyte.modes.LNM)
    drawn = StringIO()
    with Screen(Console(file=drawn, width=80, height=rows, force_terminal=True)) as screen:
        screen.show(Seen(NOW, TROUBLED))
        screen.show(Seen(NOW + timedelta(seconds=2), TROUBLED))
        pyte.Stream(emulated).feed(drawn.getvalue())
    shown = [row.rstrip() for row in emulated.display if row.strip()]

    assert shown[0] == "aivax-bots at 2026-11-29 12:00:02 UTC"
    assert any("turn 0" in row for row in shown)
    assert any("tried again in 6m" in row for row in shown)
    assert not any(row.strip() == "..." for row in shown)
