"""Dispatch, whichever way work reaches workers: what they promise together with the rows.

The in-process queue of SQLite, rows with NOTIFY on PostgreSQL, and jobs of Procrastinate there pass the same tests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from bots.app import Core, open_core
from core.domain import Place, TurnState
from sandbox.server import Sandbox, serve
from tests.samples import ANA, DIRECT, said
from tests.stage import FakePlatform, Stage, settings_for, staged
from tests.waiting import until

DISPATCHES = ("in-process", "rows", "procrastinate")
QUICK = {"worker_lost_after_s": 1}


@dataclass
class Ground:
    """Who takes messages in, and who answers them: one process on SQLite; one and two on PostgreSQL."""

    intake: Core
    workers: list[Stage]
    platform: FakePlatform
    sandbox: Sandbox
    dispatch: str

    async def rows(self, query: str) -> list[Any]:
        return await self.workers[0].rows(query)

    async def change(self, statement: str) -> None:
        await self.workers[0].change(statement)

    async def say(self, *texts: str, at: Place = DIRECT, by: Any = ANA) -> None:
        for text in texts:
            await self.intake.intake.receive(said(text, by=by, at=at))

    async def answered(self, count: int) -> None:
        """Wait until so many turns are answered, and none is open."""

        async def is_so() -> bool:
            states = await self.rows("SELECT state FROM turns")
            return states.count(TurnState.ANSWERED) == count and len(states) == count

        await until(f"{count} answers", is_so, every_s=0.05)

    def shown(self, at: Place = DIRECT) -> list[str]:
        """The questions that were answered there, in order: the sandbox repeats them."""
        lines = [line for text in self.platform.visible(at.channel) for line in text.splitlines()]
        return [line.removeprefix("> ") for line in lines if line.startswith("> ")]


@asynccontextmanager
async def ground(
    dispatch: str, url_of: Callable[[str], str], *, workers: int = 2, **sections: Any
) -> AsyncIterator[Ground]:
    """All of it, in one event loop; `url_of` gives an empty database."""
    platform = FakePlatform()
    url = url_of("sqlite_url" if dispatch == "in-process" else "postgres_url")
    sections["storage"] = {**QUICK, **sections.get("storage", {})}
    if dispatch != "in-process":
        sections["storage"]["dispatch"] = dispatch
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(serve(plan="max"))
        shared = {"platform": platform, "sandbox": sandbox, **sections}
        if dispatch == "in-process":
            stage = await stack.enter_async_context(staged(url, **shared))
            yield Ground(stage.core, [stage], platform, sandbox, dispatch)
            return
        settings = settings_for(url, sandbox, **sections)
        core = await stack.enter_async_context(open_core(settings, {"fake": platform}))
        stages = [await stack.enter_async_context(staged(url, **shared)) for _ in range(workers)]
        yield Ground(core, stages, platform, sandbox, dispatch)


@pytest.fixture(params=DISPATCHES)
def dispatch(request: pytest.FixtureRequest) -> str:
    if request.param == "procrastinate":
        pytest.importorskip("procrastinate")
    return str(request.param)


@pytest.fixture
def url_of(request: pytest.FixtureRequest) -> Callable[[str], str]:
    return lambda name: str(request.getfixturevalue(name))


async def test_what_is_taken_in_is_answered_once_and_in_order(
    dispatch: str, url_of: Callable[[str], str]
) -> None:
    rooms = [replace(DIRECT, channel=f"D-{number}") for number in range(4)]
    async with ground(dispatch, url_of) as here:
        for number in range(3):
            for room in rooms:
                await here.say(f"question {number}", at=room)
        await here.answered(12)

        for room in rooms:
            assert here.shown(room) == ["question 0", "question 1", "question 2"]
