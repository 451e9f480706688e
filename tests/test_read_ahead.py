"""A body that is read ahead gives all that came, in its order, and what went wrong behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.aivax.read_ahead import ReadAhead
from tests.waiting import soon, until


class Source:
    """Gives pieces as they are put in; an exception is raised, `None` is the end."""

    def __init__(self, *pieces: bytes | Exception | None) -> None:
        self.queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.closed = False
        self.taken = 0
        for piece in pieces:
            self.queue.put_nowait(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while (piece := await self.queue.get()) is not None:  # no deadline: a source
                if isinstance(piece, Exception):
                    raise piece
                self.taken += 1
                yield piece
        finally:
            self.closed = True


async def test_what_came_meanwhile_is_taken_in_one() -> None:
    async with ReadAhead(aiter(Source(b"a", b"b", b"c", None))) as body:
        assert await soon("more", body.take()) == b"abc"
        assert await soon("more", body.take()) == b""


async def test_a_piece_is_not_held_back_for_the_next() -> None:
    source = Source(b"a")
    async with ReadAhead(aiter(source)) as body:
        assert await soon("more", body.take()) == b"a"
        source.queue.put_nowait(b"b")
        assert await soon("more", body.take()) == b"b"


async def test_what_goes_wrong_comes_behind_what_was_read() -> None:
    async with ReadAhead(aiter(Source(b"a", OSError("gone")))) as body:
        assert await soon("more", body.take()) == b"a"
        with pytest.raises(OSError, match="gone"):
            await soon("more", body.take())


async def test_it_is_not_read_further_ahead_than_a_bound() -> None:
    source = Source(*[b"x" * 1_024] * 1_000, None)
    async with ReadAhead(aiter(source)) as body:
        await until("it is full", lambda: source.taken >= 64)
        assert source.taken == 64
        read = b"".join([await soon("more", body.take()) for _ in range(20)])
    assert len(read) == 1_024_000


async def test_one_that_is_left_is_closed() -> None:
    source = Source(b"a")
    async with ReadAhead(aiter(source)) as body:
        await soon("more", body.take())

    assert source.closed


async def test_an_error_that_nobody_hears_of_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    async with ReadAhead(aiter(Source(OSError("gone")))) as body:
        await body.until_end(5)

    assert not caplog.records


async def test_whoever_stops_waiting_loses_nothing() -> None:
    source = Source()
    async with ReadAhead(aiter(source)) as body:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await body.take()
        source.queue.put_nowait(b"a")
        assert await soon("more", body.take()) == b"a"
