"""Whose token a call of the Web API goes out with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from pydantic import SecretStr

from bots.slack.events.payloads import Bot
from core.domain.errors import FrontendRefused, PlatformError

Ask = Callable[[], Awaitable[Bot]]


class Account(Protocol):
    """Our bot in one workspace."""

    async def token(self) -> str:
        """The token to call with now. Raises `PlaceClosed` where the workspace has none."""

    async def bot(self, ask: Ask, *, anew: bool = False) -> Bot:
        """The bot's own ids there: as remembered, or, with `anew`, as `ask` reads them from Slack."""

    async def has_newer_token(self, error: FrontendRefused, token: str) -> bool:
        """Whether there is another token by now than this one, which Slack refused: then call again."""

    async def token_refused(self, error: FrontendRefused, token: str) -> PlatformError:
        """What it means for this workspace, and for the others, that Slack refused its token."""


class OneAccount:
    """The account of the one workspace whose token stands in the settings."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token.get_secret_value().strip()
        self._bot: Bot | None = None

    async def token(self) -> str:
        return self._token

    async def bot(self, ask: Ask, *, anew: bool = False) -> Bot:
        """Asked once, and again with `anew`."""
        if anew or self._bot is None:
            self._bot = await ask()
        return self._bot

    async def has_newer_token(self, error: FrontendRefused, token: str) -> bool:
        """It stays as it is."""
        return False

    async def token_refused(self, error: FrontendRefused, token: str) -> PlatformError:
        """The operator must act."""
        return error
