"""One call of the Web API at a time, without the SDK: for `doctor` and `init`, which ask once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bots.slack.settings import SlackSettings

TIMEOUT_S = 8.0
UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Told:
    """What Slack answered."""

    data: Mapping[str, Any]
    refusal: str = ""
    """Slack's word for why not; `UNREACHABLE` where Slack did not answer."""
    date: str = ""
    scopes: frozenset[str] | None = None
    """What the token may do; None where Slack did not tell."""


@dataclass(frozen=True, slots=True)
class SingleCalls:
    """Calls Slack; nothing leaves this that a token could be read from."""

    session: aiohttp.ClientSession
    settings: SlackSettings

    async def call(self, method: str, token: str, **form: str) -> Told:
        """Call a method once."""
        url = f"{self.settings.api_url.rstrip('/')}/{method}"
        headers = {"Authorization": f"Bearer {token.strip()}"}
        if not token.strip():
            return Told({}, "no token is set")
        try:
            async with self.session.post(
                url, data=form, headers=headers, proxy=self.settings.proxy or None, allow_redirects=False
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return Told({}, UNREACHABLE)
        if not isinstance(told, Mapping):
            return Told({}, UNREACHABLE)
        granted = answer.headers.get("x-oauth-scopes")
        return Told(
            told,
            "" if told.get("ok") is True else str(told.get("error") or "unknown_error")[:64],
            answer.headers.get("Date", ""),
            None if granted is None else frozenset(each.strip() for each in granted.split(",")),
        )

    async def others_on(self, url: str) -> int | None:
        """How many other connections hold the app's socket; None where it does not open."""
        try:
            async with self.session.ws_connect(url, proxy=self.settings.proxy or None) as socket:
                hello = await socket.receive_json(timeout=TIMEOUT_S)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError):
            return None
        count = hello.get("num_connections") if isinstance(hello, Mapping) else None
        return max(0, count - 1) if isinstance(count, int) else 0


@asynccontextmanager
async def single_calls(settings: SlackSettings) -> AsyncIterator[SingleCalls]:
    """Open what calls Slack once."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        yield SingleCalls(session, settings)
