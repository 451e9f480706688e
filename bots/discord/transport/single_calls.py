"""One REST call at a time, without the SDK: for `doctor` and `init`, which ask once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bots.discord.settings import DiscordSettings

TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True)
class Told:
    """What Discord answered."""

    status: int
    """0 where it did not answer."""
    data: Mapping[str, Any]
    """The document; empty where it is a list."""
    items: Sequence[Mapping[str, Any]] = ()
    """The documents of a list."""
    date: str = ""

    @property
    def trouble(self) -> str:
        """Why it could not be read; `""` where it could."""
        if self.status == 200:
            return ""
        return f"Discord answers {self.status}" if self.status else "Discord does not answer"


@dataclass(frozen=True, slots=True)
class SingleCalls:
    """Calls Discord; nothing leaves this that the token could be read from."""

    session: aiohttp.ClientSession
    settings: DiscordSettings

    async def get(self, path: str) -> Told:
        """Read one document, or a list of them."""
        return await self._call("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Told:
        """Make something."""
        return await self._call("POST", path, body)

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Told:
        token = self.settings.token.get_secret_value().strip().removeprefix("Bot ").strip()
        headers = {"Authorization": f"Bot {token}"}
        url = f"{self.settings.api_url}{path}"
        try:
            async with self.session.request(
                method, url, json=body, headers=headers, allow_redirects=False
            ) as answer:
                told = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return Told(0, {})
        return Told(
            answer.status,
            told if isinstance(told, Mapping) else {},
            [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else [],
            answer.headers.get("Date", ""),
        )


@asynccontextmanager
async def single_calls(settings: DiscordSettings) -> AsyncIterator[SingleCalls]:
    """Open what calls Discord once."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as session:
        yield SingleCalls(session, settings)
