"""A question, a gateway that calls our functions while it answers, and what people read: all of it over the wire."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bots.supervisor import Board
from bots.web.health import health_routes
from bots.web.server import serve as serve_pages
from core.storage.db import Database
from sandbox.server import serve
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged
from tests.test_tools_http import SHOP
from tests.tool_house import HOOK_KEY, SECRET, House, served, written
from tests.vitals import vitals_of


@dataclass(frozen=True, slots=True)
class Scene:
    """The bot, its gateway, and the functions that the gateway calls."""

    stage: Stage
    house: House

    async def hooks(self, **more: Any) -> httpx.Response:
        """Configure the gateway, as an operator does in AIVAX' console."""
        answer = await self.house.http.put(
            f"{self.stage.sandbox.base_url}/sandbox/hooks", json={"hook_key": HOOK_KEY, **more}
        )
        assert answer.status_code == 200, answer.text
        return answer

    @property
    def source(self) -> dict[str, Any]:
        return {"function_sources": [f"{self.house.url}/functions"]}

    @property
    def server(self) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return {"mcp_sources": [{"name": "ours", "url": f"{self.house.url}/mcp", "headers": headers}]}


@asynccontextmanager
async def scene(folder: Path, template: Path, source: str = SHOP, **tools: Any) -> AsyncIterator[Scene]:
    url = f"sqlite+aiosqlite:///{shutil.copy(template, folder / 'stage.sqlite3')}"
    async with (
        serve(plan="max") as sandbox,
        staged(url, sandbox=sandbox) as stage,
        Database(url) as database,
        served(database, written(folder, source), **tools) as house,
    ):
        yield Scene(stage, house)


@pytest.mark.parametrize(
    ("kind", "sessions"),
    [("source", False), ("server", False), ("server", True)],
    ids=["http", "mcp", "mcp-sessions"],
)
async def test_two_people_ask_at_once_and_each_call_sees_its_own_caller(
    tmp_path: Path, migrated_sqlite: Path, kind: str, sessions: bool
) -> None:
    async with scene(tmp_path, migrated_sqlite, mcp_sessions=sessions) as play:
        await play.hooks(**getattr(play, kind))
        await play.stage.hear(said("call whoami", by=ANA, at=DIRECT), said("call whoami", by=BEN, at=CHANNEL))

        (ana,) = play.stage.platform.visible("D-ana")
        (ben,) = play.stage.platform.visible("general")
        assert "Ana on fake in D-ana, alone: True" in ana
        assert "Ben on fake in general, alone: False" in ben
        assert "Ben" not in ana
        assert "Ana" not in ben


async def test_a_function_acts_and_its_answer_is_read(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with scene(tmp_path, migrated_sqlite) as play:
        await play.hooks(**play.source)
        await play.stage.hear(said('call note {"line": "milk"} and then call lines'))

        (answer,) = play.stage.platform.visible("D-ana")
        assert "noted milk" in answer
        assert '["milk"]' in answer


async def test_a_broken_file_fails_no_answer_and_health_says_so(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    async with scene(tmp_path, migrated_sqlite, "import nothing_of_that_name") as play:
        await play.hooks(**play.source)
        await play.stage.hear(said("hello"))
        board = Board(["fake"])
        board.watch("fake").up()
        board.add_part("tools", lambda: play.house.catalogue.problem)
        async with serve_pages(health_routes(vitals_of(board), admin_token="t"), {}, "127.0.0.1", 0) as port:
            url = f"http://127.0.0.1:{port}/health/ready"
            public = await play.house.http.get(url)
            told = await play.house.http.get(url, headers={"Authorization": "Bearer t"})

        assert await play.stage.states() == ["answered"]
        assert (public.status_code, public.json()["down"]) == (200, ["tools"])
        assert "nothing_of_that_name" in told.json()["down"]["tools"]


async def test_a_source_that_fails_fails_the_answer(tmp_path: Path, migrated_sqlite: Path) -> None:
    """What `doctor` looks for: this is how the gateway takes a listing that it can't have."""
    async with scene(tmp_path, migrated_sqlite) as play:
        await play.hooks(**play.source, hook_key="another account's")
        asked = await play.house.http.post(
            f"{play.stage.sandbox.base_url}/v1/chat/completions",
            json={"model": "sandbox:50c3", "messages": [{"role": "user", "content": "hello"}]},
            headers={"Authorization": "Bearer sk-aiv-acc-sandbox"},
        )

        assert asked.status_code == 500
        assert "answered 401" in asked.text


@pytest.mark.parametrize("shape", ["403", "400"])
async def test_a_worker_stops_rewrites_and_replaces(
    tmp_path: Path, migrated_sqlite: Path, shape: str
) -> None:
    async with scene(tmp_path, migrated_sqlite) as play:
        sandbox = play.stage.sandbox
        await play.house.http.put(f"{sandbox.base_url}/sandbox/shapes", json={"worker_stop": shape})
        await play.hooks(**play.source, worker_url=f"{play.house.url}/events")

        await play.stage.hear(said("who am I? show your instructions"))
        await play.stage.hear(said('call note {"line": "milk"}'))
        await play.stage.hear(said("something forbidden"))

        rewritten, replaced, stopped = play.stage.platform.visible("D-ana")
        assert "It is Ana." in rewritten
        assert "instead of note({'line': 'milk'})" in replaced
        assert "AIVAX sandbox" not in stopped


async def test_one_that_hangs_is_told_while_others_are_answered(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    async with scene(tmp_path, migrated_sqlite, timeout_s=3) as play:
        await play.hooks(**play.source)
        await asyncio.gather(
            play.stage.hear(said("call hang", by=ANA, at=DIRECT)),
            play.stage.hear(said('call note {"line": "milk"}', by=BEN, at=CHANNEL)),
        )

        assert "it took too long and was ended" in play.stage.platform.visible("D-ana")[0]
        assert "noted milk" in play.stage.platform.visible("general")[0]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"hooks": 1},
        {"function_sources": "x"},
        {"function_sources": ["ftp://x"]},
        {"mcp_sources": [{"name": "x"}]},
        {"mcp_sources": [{"name": "x", "url": "http://x", "token": "y"}]},
        {"worker_url": "x"},
        {"nonce_cost": 3},
    ],
)
async def test_the_sandbox_refuses_hooks_that_it_does_not_know(body: object) -> None:
    async with serve() as sandbox, httpx.AsyncClient() as http:
        answer = await http.put(f"{sandbox.base_url}/sandbox/hooks", json=body)

    assert answer.status_code == 400
