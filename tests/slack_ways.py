"""Slack's frontend as the program hosts it: a database below, its HTTP side on a real socket, a browser before it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from bots.app import Core, open_core_on, open_database
from bots.capabilities import capabilities_of
from bots.frontends import Host, Mounts
from bots.slack.frontend import SlackFrontend
from bots.slack.open import open_hosted
from bots.slack.settings import SlackSettings
from bots.web.server import serve
from core.aivax.transport import trusted
from core.conversations.capabilities import Capabilities, CapabilityHandler
from core.domain import Intake, PlatformError
from core.i18n import Translators
from core.storage.db import Database
from sandbox.server import Sandbox
from tests.listening import Inbox, Lamp
from tests.platforms.slack import FakeSlack, Workspace
from tests.stage import settings_for
from tests.waiting import ended

KEYS = (
    "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
)
PUBLIC = "https://bot.example"


def http_settings(slack: FakeSlack, **more: Any) -> SlackSettings:
    """One workspace, HTTP mode."""
    given = {"mode": "http", "bot_token": slack.bot_token, "signing_secret": slack.http_mode.signing_secret}
    return SlackSettings(**{**given, "api_url": slack.api_url, **more})


def oauth_settings(slack: FakeSlack, **more: Any) -> SlackSettings:
    """Any number of workspaces, HTTP mode."""
    given: dict[str, Any] = {
        "mode": "http",
        "signing_secret": slack.http_mode.signing_secret,
        "client_id": slack.client_id,
        "client_secret": slack.client_secret,
        "public_url": PUBLIC,
        "encryption_keys": KEYS[:1],
        "api_url": slack.api_url,
    }
    return SlackSettings(**{**given, **more})


@dataclass
class Hosted:
    """A frontend in its program."""

    slack: FakeSlack
    frontend: SlackFrontend
    database: Database
    url: str
    """The address of `[web]`."""
    inbox: Inbox
    listening: asyncio.Task[None]
    browser: httpx.AsyncClient

    async def install(self, workspace: Workspace) -> httpx.Response:
        """Click through an installation."""
        asked = await self.browser.get(f"{self.url}/slack/install")
        return await self.come_back(self.slack.approve(asked.headers["location"], workspace), asked)

    async def come_back(self, url: str, asked: httpx.Response) -> httpx.Response:
        """Follow Slack's redirect, with the cookie that a browser keeps for the public address."""
        parts = urlsplit(url)
        cookie = asked.headers.get("set-cookie", "").partition(";")[0]
        there = f"{self.url}{parts.path}?{parts.query}"
        return await self.browser.get(there, headers={"Cookie": cookie, "Accept-Language": "pt-BR,en;q=0.5"})

    async def stop_listening(self) -> None:
        self.listening.cancel()
        await ended(self.listening)

    async def all_taken(self) -> None:
        await self.slack.until(lambda: not any(each.open for each in self.slack.http_mode.deliveries))


def slack_clock(slack: FakeSlack) -> Callable[[], datetime]:
    return lambda: datetime.fromtimestamp(slack.clock.now(), UTC)


@asynccontextmanager
async def hosted(
    slack: FakeSlack, url: str, settings: SlackSettings, *, intake: Intake | None = None
) -> AsyncIterator[Hosted]:
    """The frontend, listening, with an intake that keeps what it gets."""
    async with (
        Database(url) as database,
        _opened(slack, database, settings) as (frontend, address),
        httpx.AsyncClient(verify=trusted()) as browser,
    ):
        inbox, lamp = Inbox(), Lamp()
        listening = asyncio.create_task(frontend.listen(intake or inbox, lamp))
        try:
            await _lit(lamp, listening)
            yield Hosted(slack, frontend, database, address, inbox, listening, browser)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, PlatformError):
                await listening


@asynccontextmanager
async def answering(
    slack: FakeSlack,
    url: str,
    sandbox: Sandbox,
    settings: SlackSettings,
    *,
    program: Mapping[str, Any] | None = None,
    handlers: Sequence[CapabilityHandler] | None = None,
    **pace: Any,
) -> AsyncIterator[tuple[Hosted, Core]]:
    """The whole bot, with the sandbox for AIVAX. `pace`: `now` and `sleep`, to let Slack's seconds fly.

    `handlers` are capabilities in place of those that the program switches on.
    """
    built = capabilities_of if handlers is None else lambda _: Capabilities(handlers)
    more = {"limits": {"shutdown_grace_s": 0}, **(program or {})}
    whole = settings_for(url, sandbox, **more)
    async with (
        open_database(whole.storage) as database,
        httpx.AsyncClient(verify=trusted()) as browser,
        _opened(slack, database, settings, **pace) as (frontend, address),
        open_core_on(database, whole, {"slack": frontend}, capabilities_of=built) as core,
    ):
        lamp = Lamp()
        working = asyncio.create_task(core.work())
        listening = asyncio.create_task(frontend.listen(core.intake, lamp))
        try:
            await _lit(lamp, listening)
            yield Hosted(slack, frontend, database, address, Inbox(), listening, browser), core
        finally:
            for task in (listening, working):
                task.cancel()
                await ended(task)


@asynccontextmanager
async def _opened(
    slack: FakeSlack, database: Database, settings: SlackSettings, **pace: Any
) -> AsyncIterator[tuple[SlackFrontend, str]]:
    mounts = Mounts()
    host = Host(database, mounts, Translators())
    async with (
        open_hosted(settings, host, clock=slack_clock(slack), **pace) as frontend,
        serve([], mounts.apps, "127.0.0.1", 0) as port,
    ):
        address = f"http://127.0.0.1:{port}"
        if settings.mode == "http":
            slack.http_mode.request_url = f"{address}/slack/events"
        yield frontend, address


async def _lit(lamp: Lamp, listening: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(lamp.lit.wait())
    await asyncio.wait([waiting, listening], return_when=asyncio.FIRST_COMPLETED, timeout=10)
    waiting.cancel()
    if listening.done():
        listening.result()
