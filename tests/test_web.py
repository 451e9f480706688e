"""Health over HTTP, on a real socket."""

from __future__ import annotations

import socket

import httpx
import pytest

from bots.supervisor import Board
from bots.web.health import health_routes
from bots.web.server import serve
from core.domain import FrontendUnreachable, SettingRefused

TOKEN = "operator"


async def test_health_tells_who_is_up_and_why_not_only_to_the_operator() -> None:
    board = Board(["discord", "slack"])
    board.watch("slack").up()
    board.watch("discord").down(FrontendUnreachable("discord", setting="[discord] api_url", detail="refused"))

    async with (
        serve(health_routes(board, admin_token=TOKEN), {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient() as client,
    ):
        url = f"http://127.0.0.1:{port}/health"
        live = await client.get(f"{url}/live")
        stranger = await client.get(f"{url}/ready", headers={"Authorization": "Bearer guess"})
        operator = await client.get(f"{url}/ready", headers={"Authorization": f"Bearer {TOKEN}"})
        board.watch("slack").down(FrontendUnreachable("slack"))
        nobody = await client.get(f"{url}/ready")

    assert live.json() == {"status": "alive"}
    assert stranger.json() == {"status": "ready", "up": ["slack"], "down": ["discord"]}
    assert operator.json()["down"] == {"discord": "discord refused"}
    assert (stranger.status_code, nobody.status_code) == (200, 503)


async def test_without_an_admin_token_nobody_is_the_operator() -> None:
    board = Board(["slack"])
    board.watch("slack").down(FrontendUnreachable("slack", detail="refused"))

    async with (
        serve(health_routes(board, admin_token=""), {}, "127.0.0.1", 0) as port,
        httpx.AsyncClient() as client,
    ):
        told = await client.get(
            f"http://127.0.0.1:{port}/health/ready", headers={"Authorization": "Bearer anything"}
        )

    assert told.json()["down"] == ["slack"]


async def test_a_taken_port_is_refused_by_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(SettingRefused, match=r"\[web\] port"):
            async with serve(health_routes(Board([]), admin_token=""), {}, "127.0.0.1", port):
                pass
