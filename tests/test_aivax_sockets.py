"""The AIVAX client over real sockets, against a server that sends and hangs up as it is told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from core.aivax.client import AivaxClient
from core.aivax.stream.events import Finished, Text
from core.domain import AnswerCut, Unavailable
from tests.scripted_aivax import QUESTION, Clockwork, answer_of, client, delta, said, text_of
from tests.waiting import soon, waiting_for

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Read one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(int(length.split(b":")[1]))


class Listening:
    """A server of one behaviour; it counts connections."""

    def __init__(self, serve: Serve) -> None:
        self.connections = 0
        self.base_url = ""
        self._serve = serve

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[Listening]:
    there = Listening(serve)
    server = await asyncio.start_server(there.meet, "127.0.0.1", 0)
    there.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield there
    finally:
        server.close()


def asking(base_url: str, **changes: Any) -> AivaxClient:
    return client(None, base_url=base_url, **changes)


async def test_an_answer_in_single_bytes_is_the_same_answer() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM)
        for byte in b"".join(said("Grüße", " 👋")):
            writer.write(chunk(bytes([byte])))
            await writer.drain()
        writer.write(END)

    async with listening(drip) as server:
        assert text_of(await answer_of(asking(server.base_url))) == "Grüße 👋"


async def test_a_connection_that_closes_in_the_middle_cuts_the_answer() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM + chunk(delta(content="so")))
        await writer.drain()

    async with (
        listening(hang_up) as server,
        asking(server.base_url) as aivax,
        aclosing(aivax.complete(QUESTION)) as events,
    ):
        assert await anext(events) == Text("so")
        with pytest.raises(AnswerCut):
            await anext(events)
    assert server.connections == 1


async def test_a_server_that_hangs_up_at_once_is_asked_three_times() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)

    async with listening(hang_up) as server:
        with pytest.raises(Unavailable):
            await answer_of(asking(server.base_url))
    assert server.connections == 3


async def test_a_refused_connection_is_an_unavailable_service() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Unavailable) as caught:
        await answer_of(asking(f"http://127.0.0.1:{port}/v1"))

    assert caught.value.code == "no_connection"


async def test_silence_after_the_headers_is_given_up() -> None:
    over = asyncio.Event()

    async def hush(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM)
        await over.wait()  # no deadline: a server that hangs

    async with listening(hush) as server:
        with pytest.raises(Unavailable) as caught:
            await answer_of(asking(server.base_url, first_event_timeout_s=0.05, tries=1))
        over.set()

    assert caught.value.code == "first_event_timeout"


async def test_one_connection_serves_many_answers() -> None:
    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:  # no deadline: a server
            await heard(reader)
            writer.write(STREAM + chunk(b"".join(said("hi"))) + END)
            await writer.drain()

    async with listening(keep) as server, asking(server.base_url) as aivax:
        for _ in range(3):
            async with aclosing(aivax.complete(QUESTION)) as events:
                assert [each async for each in events] == [Text("hi"), Finished("stop")]
    assert server.connections == 1


async def test_an_answer_that_is_left_lets_go_of_its_connection() -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(STREAM + chunk(delta(content="so")))
        await writer.drain()
        await reader.read()
        gone.set()

    async with listening(talk) as server, asking(server.base_url) as aivax:
        async with aclosing(aivax.complete(QUESTION)) as events:
            await anext(events)
        async with waiting_for("the connection to be let go"):
            await gone.wait()


async def test_cancelling_passes_through() -> None:
    asked = asyncio.Event()

    async def hush(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        asked.set()
        await reader.read()

    clock = Clockwork()
    async with listening(hush) as server:
        turn = asyncio.create_task(answer_of(client(None, clock, base_url=server.base_url)))
        await soon("AIVAX to be asked", asked.wait())
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    assert (server.connections, clock.slept) == (1, [])


async def test_a_server_that_is_no_http_server_is_an_unavailable_service() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await heard(reader)
        writer.write(b"SSH-2.0-x\r\n\r\n" * 3)
        await writer.drain()

    async with listening(babble) as server:
        with pytest.raises(Unavailable):
            await answer_of(asking(server.base_url))
