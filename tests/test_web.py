"""Health over HTTP, on a real socket."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bots.monitoring.vitals import Deafness, Pulse, Vitals
from bots.supervisor import Board
from bots.web.health import health_routes
from bots.web.server import serve
from core.aivax.transport import trusted
from core.domain import DatabaseUnreachable, FrontendUnreachable, SettingRefused
from core.domain.metrics import EVENTS, PASSED_OVER, TURNS
from tests.stage import staged
from tests.vitals import Seconds, vitals_of

TOKEN = "operator"


async def test_health_tells_who_is_up_and_why_not_only_to_the_operator() -> None:
    board = Board(["discord", "slack"])
    board.watch("slack").up()
    board.watch("discord").down(FrontendUnreachable("discord", setting="[discord] api_url", detail="refused"))

    async with (
        serve(health_routes(vitals_of(board), admin_token=TOKEN), {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient(verify=trusted()) as client,
    ):
        url = f"http://127.0.0.1:{port}/health"
        live = await client.get(f"{url}/live")
        stranger = await client.get(f"{url}/ready", headers={"Authorization": "Bearer guess"})
        operator = await client.get(f"{url}/ready", headers={"Authorization": f"Bearer {TOKEN}"})
        board.watch("slack").down(FrontendUnreachable("slack"))
        nobody = await client.get(f"{url}/ready")

    assert live.json() == {"status": "alive"}
    assert {name: stranger.json()[name] for name in ("status", "up", "down", "database")} == {
        "status": "ready",
        "up": ["slack"],
        "down": ["discord"],
        "database": "up",
    }
    assert operator.json()["down"] == {"discord": "discord refused"}
    assert (stranger.status_code, nobody.status_code) == (200, 503)


async def test_without_an_admin_token_nobody_is_the_operator() -> None:
    board = Board(["slack"])
    board.watch("slack").down(FrontendUnreachable("slack", detail="refused"))

    async with (
        serve(health_routes(vitals_of(board), admin_token=""), {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient(verify=trusted()) as client,
    ):
        told = await client.get(
            f"http://127.0.0.1:{port}/health/ready", headers={"Authorization": "Bearer anything"}
        )

    assert told.json()["down"] == ["slack"]


async def test_a_taken_port_is_refused_by_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingRefused, match=r"\[web\] port"):
            async with serve(health_routes(vitals_of(Board([])), admin_token=""), {}, "127.0.0.1", port):
                pass


async def ready(client: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    told = await client.get("/health/ready", headers={"Authorization": f"Bearer {TOKEN}"})
    return told.status_code, told.json()


@asynccontextmanager
async def health(vitals: Vitals) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(health_routes(vitals, admin_token=TOKEN), {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=trusted()) as client,
    ):
        yield client


async def test_a_frontend_that_is_connected_and_hears_nothing_fails_readiness_until_it_hears() -> None:
    clock = Seconds()
    board, pulse = Board(["discord", "slack"], now=clock), Pulse(now=clock)
    for name in ("discord", "slack"):
        board.watch(name).up()
    async with health(vitals_of(board, pulse, deaf_after_s=600)) as client:
        clock.time += 400
        pulse.count(EVENTS, platform="discord", event="said", receipt="accepted")
        pulse.count(TURNS, platform="discord", kind="question", outcome="answered", place="direct")
        in_time = await ready(client)
        clock.time += 300
        deaf = await ready(client)
        pulse.count(PASSED_OVER, platform="slack", reason="not_addressed")
        again = await ready(client)

    assert (in_time[0], deaf[0], again[0]) == (200, 503, 200)
    assert deaf[1]["frontends"] == {
        "discord": {"state": "up", "last_event_s": 300, "last_answer_s": 300},
        "slack": {"state": "deaf", "last_event_s": None, "last_answer_s": None},
    }
    assert "deaf_after_s" in deaf[1]["down"]["slack"]
    assert again[1]["frontends"]["slack"] == {"state": "up", "last_event_s": 0, "last_answer_s": None}


async def test_a_connection_that_came_back_has_its_time_to_be_heard_anew() -> None:
    clock = Seconds()
    board = Board(["slack"], now=clock)
    vitals = vitals_of(board, Pulse(now=clock), deaf_after_s=600)
    board.watch("slack").up()
    clock.time += 599
    board.watch("slack").down(FrontendUnreachable("slack"))
    board.watch("slack").up()
    clock.time += 599

    assert vitals.deaf == {}
    clock.time += 1
    assert set(vitals.deaf) == {"slack"}


async def test_a_database_that_does_not_answer_fails_readiness_and_is_not_asked_by_everybody() -> None:
    clock, asked = Seconds(), []

    async def ask() -> None:
        asked.append(clock())
        raise DatabaseUnreachable("postgresql://bot@db/bot", "connection refused")

    board = Board(["slack"])
    board.watch("slack").up()
    async with health(vitals_of(board, Pulse(now=clock), ask)) as client:
        told = [await ready(client) for _ in range(3)]

    assert [status for status, _ in told] == [503, 503, 503]
    assert told[0][1]["database"] == "down"
    assert "connection refused" in told[0][1]["down"]["database"]
    assert len(asked) == 1


async def test_operators_hear_of_a_deaf_frontend_once_and_of_the_first_event_after_it(
    migrated_url: str,
) -> None:
    clock = Seconds()
    board, pulse = Board(["slack"], now=clock), Pulse(now=clock)
    vitals = vitals_of(board, pulse, deaf_after_s=600)
    async with staged(migrated_url, operators={"channel": "fake:ops"}) as stage:
        deafness = Deafness(vitals, stage.core.admitting.alerts)
        board.watch("slack").up()
        for _ in range(3):
            clock.time += 400
            await deafness.look()
        await stage.rest()
        told = list(stage.platform.visible("ops"))
        pulse.count(EVENTS, platform="slack", event="said", receipt="accepted")
        for _ in range(2):
            await deafness.look()
        await stage.rest()

        assert len(told) == 1
        assert "connected to Slack" in told[0]
        assert "10 min" in told[0]
        assert stage.platform.visible("ops") == [*told, "I hear Slack again."]
