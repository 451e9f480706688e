"""Where files may be read from on Slack: its own hosts, at public addresses, whatever a file or a redirect names."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bots.slack.frontend import open_slack
from bots.slack.settings import SlackSettings
from bots.slack.transport.hosts import is_public, may_see_the_token, may_visit
from core.domain import PlatformError


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[str]]]:
    """A port of this machine, and who connected to it."""
    seen: list[str] = []

    async def met(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append("connected")
        writer.close()

    server = await asyncio.start_server(met, "localhost", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], seen


@asynccontextmanager
async def redirecting(target: str) -> AsyncIterator[str]:
    """A Web API on loopback, all of whose files are elsewhere."""

    async def answer(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(target)

    app = web.Application()
    app.router.add_get("/file", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def fetch(settings: SlackSettings, url: str) -> str:
    async with open_slack(settings) as bot:
        with pytest.raises(PlatformError) as refused:
            await bot.fetch(json.dumps({"id": "F1", "url": url}), 1_000)
    return refused.value.code


async def test_a_redirect_into_this_machine_is_not_followed() -> None:
    async with listener() as (port, seen), redirecting(f"https://localhost:{port}/secret") as url:
        code = await fetch(SlackSettings(api_url=f"{url}/api/"), f"{url}/file")

    assert (code, seen) == ("file_elsewhere", [])


async def test_a_redirect_to_a_host_that_is_not_slack_s_is_not_followed() -> None:
    async with redirecting("https://evil.example/") as url:
        code = await fetch(SlackSettings(api_url=f"{url}/api/"), f"{url}/file")

    assert code == "file_elsewhere"


@pytest.mark.parametrize(("allowed", "connected"), [(False, []), (True, ["connected"])])
async def test_a_name_of_slack_s_that_leads_into_this_machine_leads_nowhere(
    allowed: bool, connected: list[str]
) -> None:
    async with listener() as (port, seen):
        settings = SlackSettings(file_hosts=("localhost",), private_file_hosts=allowed)
        code = await fetch(settings, f"https://localhost:{port}/file")

    assert (code, seen) == ("file_unreachable", connected)


@pytest.mark.parametrize(
    ("url", "visited", "sees_token"),
    [
        ("https://files.slack.com/x", True, True),
        ("https://FILES.slack.com/x", True, True),
        ("https://files-origin.slack.com/x", True, True),
        ("https://a.slack-edge.com/x", True, False),
        ("https://files.slack-files.com/x", True, False),
        ("https://slack.com.evil.example/x", False, False),
        ("https://evilslack.com/x", False, False),
        ("https://files.slack.com@evil.example/x", False, False),
        ("https://10.0.0.1/x", False, False),
        ("https://[::1]/x", False, False),
        ("http://files.slack.com/x", False, False),
        ("http://127.0.0.1:1/x", True, True),
        ("http://127.0.0.1:2/x", False, False),
        ("https://127.0.0.1:1/x", False, False),
        ("file:///etc/passwd", False, False),
    ],
)
def test_files_come_from_slack_and_the_token_is_shown_to_slack_alone(
    url: str, visited: bool, sees_token: bool
) -> None:
    settings = SlackSettings(api_url="http://127.0.0.1:1/api/")

    assert (may_visit(settings, URL(url)), may_see_the_token(settings, URL(url))) == (visited, sees_token)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"),
        *(
            "::1",
            "fe80::1%eth0",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "2002:7f00:1::",
            "ff02::1",
        ),
        "no address",
    ],
)
def test_an_address_of_this_network_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_an_address_of_slack_s_is_public() -> None:
    assert is_public("3.68.124.95")
    assert is_public("2a05:d014::1")


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_dress_counts_as_what_it_is(address: object) -> None:
    assert is_public(f"::ffff:{address}") == is_public(str(address))


@pytest.mark.parametrize("domain", ["https://slack.com", "slack.com/", "slack.com:443", "*.slack.com", ""])
def test_a_file_host_is_a_domain_alone(domain: str) -> None:
    with pytest.raises(ValueError, match="write a domain alone"):
        SlackSettings(file_hosts=(domain,))
