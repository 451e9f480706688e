"""The MCP SDK's own client, which we did not write, lists and calls functions over Streamable HTTP."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import RequestParamsMeta
from mcp.types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from core.storage.db import Database
from tests.test_tools_http import SHOP, asked
from tests.tool_house import SECRET, House, nonce, served, written

ERAS = [LATEST_MODERN_VERSION, "legacy"]
"""The newest revision, and the one before, which begins with `initialize`."""
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    },
}


@pytest.fixture
async def one(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3")
    async with Database(f"sqlite+aiosqlite:///{path}") as opened:
        yield opened


@asynccontextmanager
async def client(house: House, era: str, secret: str = SECRET) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(f"{house.url}/mcp", http_client=http), mode=era) as opened,
    ):
        yield opened


def meta(**told: Any) -> RequestParamsMeta:
    named = {f"_aiv_{name}": value for name, value in told.items()}
    return {"_aiv_nonce": nonce(), "_aiv_call_source": "ChatCompletionsApi", "tenant": "t", **named}  # type: ignore[typeddict-unknown-key]


def text_of(result: Any) -> str:
    return "".join(part.text for part in result.content)


@pytest.mark.parametrize("sessions", [False, True])
@pytest.mark.parametrize("era", ERAS)
async def test_the_sdk_s_client_lists_and_calls(
    one: Database, tmp_path: Path, era: str, sessions: bool
) -> None:
    ana, ana_key = await asked(one)
    async with (
        served(one, written(tmp_path, SHOP), mcp_sessions=sessions) as house,
        client(house, era) as opened,
    ):
        listed = {tool.name: tool for tool in (await opened.list_tools()).tools}
        about = meta(conversation_token=ana, external_user_id=ana_key, moment="2026-11-29T10:00:00+00:00")
        who = await opened.call_tool("whoami", {}, meta=about)
        noted = [await opened.call_tool("note", {"line": "paid"}, meta=about) for _ in range(2)]
        lines = await opened.call_tool("lines", {}, meta=about)

        assert opened.protocol_version == (LATEST_HANDSHAKE_VERSION if era == "legacy" else era)
        assert listed["note"].input_schema["required"] == ["line"]
        assert listed["note"].description == "Write a line down."
        assert [each for each, tool in listed.items() if tool.annotations.read_only_hint] == [
            "lines",
            "whoami",
        ]
        assert text_of(who) == "Ana on fake in D-ana, alone: True"
        assert [text_of(each) for each in noted] == ["noted paid"] * 2
        assert text_of(lines) == '["paid"]'


@pytest.mark.parametrize("era", ERAS)
async def test_failures_are_told_as_errors_that_the_model_reads(
    one: Database, tmp_path: Path, era: str
) -> None:
    async with served(one, written(tmp_path, SHOP)) as house, client(house, era) as opened:
        failed = await opened.call_tool("fragile", {"line": "x"}, meta=meta())
        refused = await opened.call_tool("refuse", {}, meta=meta())
        wrong = await opened.call_tool("note", {}, meta=meta())

    assert (failed.is_error, refused.is_error, wrong.is_error) == (True, True, True)
    assert text_of(failed).startswith("The function failed")
    assert text_of(refused) == "There is no order 17. Ask for its number."
    assert text_of(wrong).endswith("line: Field required")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "given",
    [None, "", "x", nonce("other"), nonce().replace("$04$", "$31$")],
    ids=["none", "empty", "malformed", "of another key", "dear"],
)
async def test_a_call_without_the_right_nonce_does_nothing(
    one: Database, tmp_path: Path, era: str, given: str | None
) -> None:
    shop = written(tmp_path, SHOP)
    async with served(one, shop) as house, client(house, era) as opened:
        with pytest.raises(MCPError, match="_aiv_nonce is missing or wrong"):
            await opened.call_tool("note", {"line": "in"}, meta=meta(nonce=given))

    assert not Path(shop).with_suffix(".diary").exists()


async def test_without_the_secret_not_even_the_list_is_told(one: Database, tmp_path: Path) -> None:
    async with served(one, written(tmp_path, SHOP)) as house:
        accepts = {"Accept": "application/json, text/event-stream"}
        statuses = {
            (
                await house.http.request(method, f"{house.url}/mcp", json=HELLO, headers={**accepts, **wrong})
            ).status_code
            for method in ("POST", "GET", "DELETE")
            for wrong in ({}, {"Authorization": "Bearer x"}, {"X-Request-Nonce": nonce()})
        }

    assert statuses == {401}


async def test_a_session_has_its_id_and_is_unknown_once_it_ended(one: Database, tmp_path: Path) -> None:
    async with served(one, written(tmp_path, SHOP), mcp_sessions=True) as house:
        headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {SECRET}"}
        begun = await house.http.post(f"{house.url}/mcp", json=HELLO, headers=headers)
        mine = {**headers, "Mcp-Session-Id": begun.headers["mcp-session-id"]}
        stream = await house.http.get(f"{house.url}/mcp", headers=mine)
        ended = await house.http.delete(f"{house.url}/mcp", headers=mine)
        late = await house.http.post(f"{house.url}/mcp", json={**HELLO, "method": "tools/list"}, headers=mine)

    assert (begun.status_code, stream.status_code, ended.status_code, late.status_code) == (
        200,
        405,
        200,
        404,
    )


async def test_without_sessions_a_list_needs_no_beginning(one: Database, tmp_path: Path) -> None:
    """As on another process than the one that the client began with."""
    async with served(one, written(tmp_path, SHOP)) as house:
        headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {SECRET}"}
        asked_for = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
        listed = await house.http.post(f"{house.url}/mcp", json=asked_for, headers=headers)

    assert "mcp-session-id" not in listed.headers
    assert len(listed.json()["result"]["tools"]) == 6
