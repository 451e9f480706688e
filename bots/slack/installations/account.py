"""Our bot in one of the workspaces that installed the app."""

from __future__ import annotations

import structlog

from bots.slack.events.payloads import Bot
from bots.slack.installations.rotation import Rotation
from bots.slack.transport.api import Ask
from core.domain.errors import FrontendRefused, PlaceClosed, PlatformError
from core.storage.installations import Installation, Installations

log = structlog.get_logger(__name__)

_EXPIRED = "token_expired"
_OVER = frozenset(("token_revoked", "account_inactive"))
"""Nothing but a new installation helps."""


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
        if error.code == _EXPIRED:
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
