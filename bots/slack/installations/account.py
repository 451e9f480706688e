"""Our bot in a workspace that installed the app: its token is refreshed before it expires, or when Slack says so.

A refresh token is good once. So one task of this process asks, and the database lets one process ask; what it got is
stored even if whoever waited for it is gone. docs.slack.dev, "Using token rotation".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bots.slack.events.payloads import Bot
from bots.slack.transport.api import Ask
from core.delivery.platform_retry import patiently
from core.domain import FrontendRefused, PlaceClosed, PlatformBusy, PlatformError
from core.storage.platforms.installations import Installation, Installations, Tokens
from core.util.clock import Clock, Sleep
from core.util.log import log

_OVER = frozenset(("token_revoked", "account_inactive"))
"""Nothing but a new installation helps."""
AHEAD = timedelta(hours=2)
_QUIET = timedelta(minutes=1)
"""For so long after a failed try nobody of this process tries again while the old token still counts."""


class Rotation:
    """Gives each workspace's token, a fresh one where it is due."""

    def __init__(
        self,
        installations: Installations,
        exchange: Callable[..., Awaitable[Mapping[str, Any]]],
        now: Clock,
        sleep: Sleep,
    ) -> None:
        self._installations = installations
        self._exchange = exchange
        self._now = now
        self._sleep = sleep
        self._running: dict[str, asyncio.Task[Installation]] = {}
        self._quiet_until: dict[str, datetime] = {}

    async def current(self, team: str) -> Installation:
        """The installation with a token that counts. Raises `PlaceClosed` where the app is not installed."""
        known = await self._installed(team)
        if not self._is_due(known):
            return known
        try:
            return await self._refreshed(known)
        except PlatformError:
            if self._counts(known):
                return known
            raise

    async def renew(self, team: str, token: str) -> None:
        """Have another token than this one, which Slack calls expired."""
        while (known := await self._installed(team)).tokens.token == token:
            await self._refreshed(known, expired=True)

    async def aclose(self) -> None:
        """Let what was asked for arrive and be stored: a refresh token that was used is worth nothing."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _is_due(self, known: Installation) -> bool:
        if known.tokens.expires_at is None or known.tokens.expires_at - self._now() > AHEAD:
            return False
        quiet_until = self._quiet_until.get(known.workspace)
        return quiet_until is None or self._now() >= quiet_until or not self._counts(known)

    def _counts(self, known: Installation) -> bool:
        return known.tokens.expires_at is None or known.tokens.expires_at > self._now()

    async def _installed(self, team: str) -> Installation:
        known = await self._installations.find(team)
        if known is None:
            raise PlaceClosed("slack", code="not_installed", detail=f"no installation in {team}")
        return known

    async def _refreshed(self, known: Installation, *, expired: bool = False) -> Installation:
        """Wait for the one task that refreshes; it is not ours alone, and ends even if we are cancelled."""
        team = known.workspace
        if team not in self._running:
            task = self._running[team] = asyncio.create_task(self._refresh(known, expired=expired))
            task.add_done_callback(partial(self._forget, team))
        return await asyncio.shield(self._running[team])

    def _forget(self, team: str, task: asyncio.Task[Installation]) -> None:
        del self._running[team]
        if not task.cancelled():
            task.exception()  # those who waited were told

    async def _refresh(self, known: Installation, *, expired: bool) -> Installation:
        while not await self._installations.claim(known, self._now() + timedelta(seconds=90)):
            newer = await self._installed(known.workspace)
            if newer.version != known.version or (self._counts(newer) and not expired):
                return newer  # another process has done it, or is about to
            await self._sleep(0.5)
        try:
            tokens = await self._asked(known)
        except PlatformError as exc:
            self._quiet_until[known.workspace] = self._now() + _QUIET
            log.error("slack.token_not_renewed", team=known.workspace, problem=str(exc))  # noqa: TRY400  not a fault
            await self._installations.disclaim(known)
            raise
        await self._installations.renew(known, tokens)
        log.info("slack.token_renewed", team=known.workspace)
        return await self._installed(known.workspace)

    async def _asked(self, known: Installation) -> Tokens:
        """A lost answer is asked for again at once: for a moment Slack takes the same refresh token twice."""
        if not known.tokens.refresh_token:
            raise PlaceClosed("slack", code="token_expired", detail="it has no refresh token")
        form = {"grant_type": "refresh_token", "refresh_token": known.tokens.refresh_token}
        answer = await patiently(
            lambda: self._exchange(**form), budget_s=20.0, retry=(PlatformBusy,), sleep=self._sleep
        )
        return tokens_in(answer, self._now())


def tokens_in(answer: Mapping[str, Any], now: datetime) -> Tokens:
    """Read the answer of `oauth.v2.access`. Raises `PlatformBusy` when no bot token is in it."""
    token, refresh, life_s = (answer.get(name) for name in ("access_token", "refresh_token", "expires_in"))
    if not isinstance(token, str) or not token:
        raise PlatformBusy("slack", code="unparsable", detail="oauth.v2.access gave no bot token")
    rotates = isinstance(refresh, str) and isinstance(life_s, int)
    return Tokens(
        token,
        refresh if isinstance(refresh, str) and rotates else "",
        now + timedelta(seconds=life_s) if isinstance(life_s, int) and rotates else None,
    )


class InstalledAccount:
    """An `Account` whose token stands in the database."""

    def __init__(self, team: str, installations: Installations, rotation: Rotation) -> None:
        self._team = team
        self._installations = installations
        self._rotation = rotation

    async def token(self) -> str:
        return (await self._rotation.current(self._team)).tokens.token

    async def bot(self, ask: Ask, *, anew: bool = False) -> Bot:
        """As it was when the app was installed there."""
        return bot_of(await self._rotation.current(self._team))

    async def has_newer_token(self, error: FrontendRefused, token: str) -> bool:
        """An expired token is refreshed; one that another process replaced is read anew."""
        if error.code == "token_expired":
            await self._rotation.renew(self._team, token)
            return True
        known = await self._installations.find(self._team)
        return known is not None and known.tokens.token != token

    async def token_refused(self, error: FrontendRefused, token: str) -> PlatformError:
        """This workspace is over until the app is installed anew; the others go on."""
        log.error("slack.workspace_refused", team=self._team, code=error.code)
        known = await self._installations.find(self._team)
        if error.code in _OVER and known is not None and known.tokens.token == token:
            await self._installations.discard(known)
        return PlaceClosed(error.platform, code=error.code, detail=error.detail)


def bot_of(known: Installation) -> Bot:
    """Our bot, as it was when the app was installed."""
    return Bot(known.workspace, known.bot_user, known.bot_id, known.bot_name)
