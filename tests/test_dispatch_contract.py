"""Dispatch, whichever way work reaches workers: what they promise together with the rows.

The in-process queue of SQLite, rows with NOTIFY on PostgreSQL, and jobs of Procrastinate there pass the same tests.
"""

from __future__ import annotations

import asyncio
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
from tests.waiting import WITHIN_S, until

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
    stack: AsyncExitStack

    async def rows(self, query: str) -> list[Any]:
        return await self.workers[0].rows(query)

    async def say(self, *texts: str, at: Place = DIRECT, by: Any = ANA) -> None:
        for text in texts:
            await self.intake.intake.receive(said(text, by=by, at=at))

    async def leave(self) -> None:
        """Stop the workers gracefully."""
        await self.stack.aclose()

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
            yield Ground(stage.core, [stage], platform, sandbox, dispatch, stack)
            return
        settings = settings_for(url, sandbox, **sections)
        core = await stack.enter_async_context(open_core(settings, {"fake": platform}))
        working = await stack.enter_async_context(AsyncExitStack())
        stages = [await working.enter_async_context(staged(url, **shared)) for _ in range(workers)]
        yield Ground(core, stages, platform, sandbox, dispatch, working)


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


async def test_what_is_said_while_an_answer_is_written_is_answered_after_it(
    dispatch: str, url_of: Callable[[str], str]
) -> None:
    async with ground(dispatch, url_of) as here:
        await here.say("first", "second")
        await until("the first to be asked", lambda: here.sandbox.state.calls)
        await here.say("third")
        await here.answered(3)

        assert here.shown() == ["first", "second", "third"]


async def test_an_event_that_comes_twice_is_answered_once(
    dispatch: str, url_of: Callable[[str], str]
) -> None:
    async with ground(dispatch, url_of) as here:
        event = said("once")
        await asyncio.gather(*(here.intake.intake.receive(event) for _ in range(5)))
        await here.answered(1)

        assert here.shown() == ["once"]


async def test_what_is_due_later_is_answered_when_it_is_due(
    dispatch: str, url_of: Callable[[str], str]
) -> None:
    async with ground(dispatch, url_of, conversation={"gather_s": 0.5}) as here:
        await here.say("hello")
        await here.answered(1)

        (waited,) = await here.rows("SELECT started_at > due_at FROM turns")
        assert waited


async def test_a_doubled_notice_makes_no_second_answer(dispatch: str, url_of: Callable[[str], str]) -> None:
    async with ground(dispatch, url_of) as here:
        await here.say("hello")
        for _ in range(5):
            for stage in here.workers:
                stage.core.pool.notify(1)
                assert await stage.core.pool.take(1, WITHIN_S)
        await here.answered(1)

        assert here.shown() == ["hello"]


@pytest.mark.may_skip("an in-process queue has nobody else to leave it to")
async def test_whoever_stops_leaves_the_rest_to_others(dispatch: str, url_of: Callable[[str], str]) -> None:
    if dispatch == "in-process":
        pytest.skip("a SQLite file has one process")
    async with ground(
        dispatch, url_of, workers=1, limits={"running_turns": 1, "shutdown_grace_s": 5}
    ) as here:
        rooms = [replace(DIRECT, channel=f"D-{number}") for number in range(4)]
        for room in rooms:
            await here.say("hello", at=room)
        await until("the first to be asked", lambda: here.sandbox.state.calls)
        url, shared = (
            here.workers[0].settings.storage.url,
            {"platform": here.platform, "sandbox": here.sandbox},
        )
        async with staged(url, **shared, storage={**QUICK, "dispatch": dispatch}):
            await here.leave()
            await here.answered(4)

        assert [here.shown(room) for room in rooms] == [["hello"]] * 4
