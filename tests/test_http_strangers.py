"""Strangers at the HTTP server: however many come and ask for nothing, whoever asks for something is answered."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bots.supervisor import Board
from bots.web.bounds import Bounds
from bots.web.health import health_routes
from bots.web.server import serve
from sandbox.server import serve as serve_sandbox
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town, running
from tests.vitals import vitals_of
from tests.waiting import soon, waiting_for

NOTHING = b""
HALF_A_HEAD = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-"
HALF_A_BODY = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: 500000\r\n\r\n{"
BODY_OF_HEALTH = b"GET /health/live HTTP/1.1\r\nHost: bot\r\nContent-Length: 500000\r\n\r\n"
CLIENTS = 1_000


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open the clients' sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 4_096 else max(soft, 4_096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Strangers:
    """Clients that hold their connections for as long as they are let."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._all: list[asyncio.Task[None]] = []
        self._connected = asyncio.Semaphore(0)

    def come(self, count: int, *, sending: bytes, trickle: bytes = b"") -> None:
        self._all += [asyncio.create_task(self._stay(sending, trickle)) for _ in range(count)]

    async def all_connected(self) -> None:
        for _ in self._all:
            await soon("a stranger to connect", self._connected.acquire())

    async def closed(self, within_s: float) -> int:
        """How many of them were sent away by then."""
        done, _ = await asyncio.wait(self._all, timeout=within_s)
        return len(done)

    async def go(self) -> None:
        for task in self._all:
            task.cancel()
        await asyncio.gather(*self._all, return_exceptions=True)

    async def _stay(self, sending: bytes, trickle: bytes) -> None:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._connected.release()
            try:
                writer.write(sending)
                while not reader.at_eof():  # no deadline: a stranger, who stays until cancelled
                    writer.write(trickle)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(1_000), 0.5)
            finally:
                writer.transport.abort()


@asynccontextmanager
async def strangers(port: int) -> AsyncIterator[Strangers]:
    crowd = Strangers(port)
    try:
        yield crowd
    finally:
        await crowd.go()


@pytest.fixture
async def town(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve_sandbox(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, url)


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    ("sending", "trickle"),
    [
        pytest.param(NOTHING, b"", id="nothing"),
        pytest.param(HALF_A_HEAD, b"", id="half a head"),
        pytest.param(HALF_A_HEAD, b"x", id="a head that trickles"),
        pytest.param(HALF_A_BODY, b"x", id="a body that trickles"),
    ],
)
async def test_a_thousand_idle_clients_hold_up_neither_slack_nor_health_nor_the_end(
    town: Town, tmp_path: Path, unused_tcp_port: int, sending: bytes, trickle: bytes
) -> None:
    web = f"\n[web]\nenabled = true\nport = {unused_tcp_port}\n"
    http = f'[slack]\nmode = "http"\nsigning_secret = "{town.slack.http_mode.signing_secret}"'
    config = town.config(discord_token="", slack_app="").replace("[slack]", http) + web
    async with (
        running(tmp_path, config, open_files=256) as bot,
        strangers(unused_tcp_port) as crowd,
        httpx.AsyncClient(timeout=10) as client,
    ):
        assert await bot.line() == "ready: slack\n"
        town.slack.http_mode.request_url = f"http://127.0.0.1:{unused_tcp_port}/slack/events"

        came = time.monotonic()
        crowd.come(CLIENTS, sending=sending, trickle=trickle)
        answer = await town.ask_on_slack("in the crowd")
        health = await client.get(f"http://127.0.0.1:{unused_tcp_port}/health/live")
        crowd.come(CLIENTS, sending=sending, trickle=trickle)
        again = await town.ask_on_slack("once more")
        await bot.says("turned_away")
        began = time.monotonic()
        status = await bot.stop(signal.SIGTERM)

    assert "in the crowd" in answer
    assert "once more" in again
    assert health.status_code == 200
    assert (status, time.monotonic() - began < 25) == (0, True)
    strange = [line for line in bot.log if "turned_away" in line or "accept" in line or "web" in line.split()]
    lines_allowed = (
        1 + (time.monotonic() - came) // 60
    )  # one a minute; a busy machine may take longer than that
    assert 1 <= len(strange) <= lines_allowed, strange
    assert len(bot.log) < 60, bot.log


@pytest.mark.may_skip("no Linux")
async def test_a_silent_crowd_sends_nobody_away_who_is_about_to_ask() -> None:
    if not hasattr(socket, "TCP_DEFER_ACCEPT"):
        pytest.skip("this system lets everybody in who comes, whether they say anything or not")
    bounds = Bounds(connections=4)
    async with (
        serve(health_routes(vitals_of(Board([])), admin_token=""), {}, "127.0.0.1", 0, bounds) as port,
        strangers(port) as crowd,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        crowd.come(20, sending=NOTHING)
        await crowd.all_connected()
        with pytest.raises(TimeoutError):  # the end would come at once
            await asyncio.wait_for(reader.read(), 0.2)
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n")
        answer = await soon("an answer", reader.read())
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_who_brings_no_whole_request_in_time_is_sent_away_and_the_log_counts_them() -> None:
    bounds = Bounds(connections=20, request_timeout_s=0.5)
    with structlog.testing.capture_logs() as log:
        async with (
            serve(health_routes(vitals_of(Board([])), admin_token=""), {}, "127.0.0.1", 0, bounds) as port,
            strangers(port) as crowd,
        ):
            for sending in (NOTHING, HALF_A_HEAD, HALF_A_BODY, BODY_OF_HEALTH):
                crowd.come(2, sending=sending, trickle=b"x" if sending else b"")
            gone = await crowd.closed(within_s=20)

    assert gone == 8
    assert [line for line in log if line["event"] == "web.turned_away"] == [
        {"event": "web.turned_away", "log_level": "warning", "slow": 8}
    ]


async def test_a_connection_that_was_answered_may_ask_again_until_it_idles() -> None:
    bounds = Bounds(request_timeout_s=5.0, keep_alive_s=1)
    async with serve(health_routes(vitals_of(Board([])), admin_token=""), {}, "127.0.0.1", 0, bounds) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"GET /health/live HTTP/1.1\r\nHost: bot\r\n\r\n")
            head = await soon("an answer", reader.readuntil(b"\r\n\r\n"))
            assert head.startswith(b"HTTP/1.1 200")
            await soon("its body", reader.readuntil(b"}"))

        rest = await soon("the idle connection to be closed", reader.read())
        writer.close()

    assert rest == b""


class Hanging:
    """An application that answers nobody until it is let."""

    def __init__(self) -> None:
        self.under_way = 0
        self.full = asyncio.Event()
        self.let = asyncio.Event()

    def pages(self, most: int) -> list[Route]:
        async def page(_request: Request) -> Response:
            self.under_way += 1
            if self.under_way == most:
                self.full.set()
            await self.let.wait()  # no deadline: an application that hangs
            return PlainTextResponse("at last")

        return [Route("/page", page)]


async def test_a_mount_that_is_full_starves_no_other_and_says_so() -> None:
    bounds = Bounds(connections=16)
    most = bounds.for_each_of(2)
    hanging = Hanging()
    apps = {"/slack": Starlette(routes=hanging.pages(most))}
    with structlog.testing.capture_logs() as log:
        async with (
            serve(health_routes(vitals_of(Board([])), admin_token=""), apps, "127.0.0.1", 0, bounds) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
        ):
            asked = [asyncio.create_task(client.get("/slack/page")) for _ in range(most)]
            await soon("the mount to be full", hanging.full.wait())
            refused = await client.get("/slack/page")
            health = await client.get("/health/live")
            hanging.let.set()
            answered = await soon("the answers", asyncio.gather(*asked))

    assert [answer.text for answer in answered] == ["at last"] * most
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert health.status_code == 200
    assert [line["busy"] for line in log if line["event"] == "web.turned_away"] == [1]


async def test_a_server_ends_although_an_answer_hangs() -> None:
    bounds = Bounds(last_answers_s=1)
    hanging = Hanging()
    async with (
        waiting_for("a server to end whose answer hangs"),
        serve(hanging.pages(1), {}, "127.0.0.1", 0, bounds) as port,
        strangers(port) as crowd,
    ):
        crowd.come(1, sending=b"GET /page HTTP/1.1\r\nHost: bot\r\n\r\n")
        await soon("the request", hanging.full.wait())


async def test_a_body_above_the_bound_is_refused_and_who_sent_it_hears_so() -> None:
    bounds = Bounds(body_bytes=1_000)
    async with (
        serve(health_routes(vitals_of(Board([])), admin_token=""), {}, "127.0.0.1", 0, bounds) as port,
        httpx.AsyncClient(timeout=20) as client,
    ):
        small = await client.post(f"http://127.0.0.1:{port}/health/live", content=b"x" * 1_000)
        large = await client.post(f"http://127.0.0.1:{port}/health/live", content=b"x" * 1_001)

    assert (small.status_code, large.status_code) == (405, 413)


def test_connections_leave_most_of_the_descriptors_to_everything_else() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        lowered = Bounds(connections=1_000).affordable
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert lowered == 64
    assert Bounds(connections=10).affordable == 10
