"""A time limit on waits in a row, with a single timer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.util.wait_limit import WaitLimit
from tests.waiting import ended, soon


@pytest.fixture
async def limit() -> AsyncIterator[WaitLimit]:
    found = WaitLimit()
    yield found
    found.close()


async def wait(limit: WaitLimit, seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event; tell whether it was the limit that ended this."""
    limit.begin(asyncio.get_running_loop().time() + seconds)
    try:
        await event.wait()  # no deadline: the limit is one
    except asyncio.CancelledError as error:
        if not limit.end(error):
            raise
        return True
    return limit.end(None)


async def test_what_comes_in_time_is_waited_for() -> None:
    limit, event = WaitLimit(), asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)

    assert not await soon("the wait", wait(limit, 10, event))
    limit.close()


async def test_each_wait_has_the_whole_of_its_time(limit: WaitLimit) -> None:
    loop = asyncio.get_running_loop()
    for _ in range(5):
        event = asyncio.Event()
        loop.call_later(0.03, event.set)
        assert not await soon("the wait", wait(limit, 1, event))

    began = loop.time()
    assert await soon("the wait", wait(limit, 0.05, asyncio.Event()))
    assert 0.04 < loop.time() - began < 1


async def test_a_wait_that_took_too_long_leaves_the_task_as_it_was(limit: WaitLimit) -> None:
    assert await soon("the wait", wait(limit, 0.01, asyncio.Event()))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await soon("the wait", wait(limit, 0.01, asyncio.Event()))


async def test_nobody_is_ended_who_does_not_wait(limit: WaitLimit) -> None:
    event = asyncio.Event()
    event.set()
    assert not await soon("the wait", wait(limit, 0.01, event))

    await asyncio.sleep(0.03)  # beyond its time

    assert not await soon("the wait", wait(limit, 10, event))


async def test_another_s_cancellation_passes() -> None:
    limit = WaitLimit()
    task = asyncio.create_task(wait(limit, 10, asyncio.Event()))
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await soon("the end", task)
    limit.close()


async def test_another_s_cancellation_passes_even_with_the_limit_at_once(limit: WaitLimit) -> None:
    task = asyncio.create_task(wait(limit, 0.01, asyncio.Event()))
    asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 0.01, task.cancel)

    await ended(task)
    assert task.cancelled()
