"""The workspaces that this app serves: the one whose token stands in the settings, or all that installed it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bots.slack.delivery.channel import WorkSigns
from bots.slack.delivery.choose_surface import AnsweredWorkspace
from bots.slack.delivery.streaming.streams import Streams
from bots.slack.events.payloads import Bot
from bots.slack.features.assistant_threads import AssistantThreads
from bots.slack.installations.account import InstalledAccount, Rotation, bot_of
from bots.slack.transport.admins import Admins
from bots.slack.transport.api import OneAccount, SlackApi
from bots.slack.transport.app_api import AppApi
from bots.slack.transport.names import NameFinder
from bots.slack.transport.people import People
from bots.slack.transport.preflight import require_installable, require_token
from core.delivery.shared_budget import SharedBudget
from core.domain import PlaceClosed
from core.storage.platforms.installations import Installations
from core.util.log import log


@dataclass(frozen=True, slots=True, eq=False)
class Workspace(AnsweredWorkspace):
    """One workspace: what answers there need, and its direct messages."""

    assistant_threads: AssistantThreads
    names: NameFinder
    admins: Admins

    async def aclose(self) -> None:
        """End what is still being asked about people and places."""
        await self.people.aclose()
        await self.names.aclose()
        await self.admins.aclose()


class Workspaces(Protocol):
    """Finds what belongs to a workspace."""

    async def check(self) -> None:
        """Find out whether anything can be answered at all. Raises `FrontendRefused` and like a call of the API."""

    def of(self, team: str) -> Workspace:
        """The workspace of this id. Raises `PlaceClosed` where an id is needed and none is given."""

    async def bot_in(self, team: str) -> Bot | None:
        """The bot's own ids there; None where the app is not installed."""

    async def removal(self, team: str, at: datetime) -> str | None:
        """A name for the removal of the app at that moment, the same for each event about it.

        None where it counts no more: the app was installed again since, or is forgotten already.
        """

    async def forget(self, team: str, at: datetime) -> None:
        """Forget a workspace that removed the app at that moment, its tokens with it."""

    async def aclose(self) -> None: ...


class OneWorkspace:
    """The workspace of `[slack] bot_token`, whatever id an event names."""

    def __init__(self, app: AppApi, budget: SharedBudget | None = None) -> None:
        """`budget`: Slack's, which all processes share."""
        self._only = _workspace(SlackApi(app, OneAccount(app.settings.bot_token), budget))

    async def check(self) -> None:
        require_token(
            self._only.api.app.settings.bot_token, "xoxb-", "[slack] bot_token", "OAuth & Permissions"
        )
        await self._only.api.verify_token()

    def of(self, team: str) -> Workspace:
        return self._only

    async def bot_in(self, team: str) -> Bot | None:
        return await self._only.api.who_am_i()

    async def removal(self, team: str, at: datetime) -> str | None:
        return at.isoformat()

    async def forget(self, team: str, at: datetime) -> None:
        """Nothing is stored of it: the operator must act."""
        log.error("slack.token_revoked", team=team, setting="[slack] bot_token")

    async def aclose(self) -> None:
        await self._only.aclose()


class ManyWorkspaces:
    """The workspaces that installed the app, each with a token of its own."""

    def __init__(
        self,
        app: AppApi,
        installations: Installations,
        rotation: Rotation,
        budget: SharedBudget | None = None,
    ) -> None:
        """`budget`: Slack's, which all processes share, each workspace a part of it."""
        self._app = app
        self._budget = budget
        self._installations = installations
        self._rotation = rotation
        self._met: dict[str, Workspace] = {}

    async def check(self) -> None:
        """Look through the settings, and bring the stored tokens under the first key."""
        require_installable(self._app.settings)
        if count := await self._installations.reseal():
            log.warning("slack.tokens_reencrypted", workspaces=count, setting="[slack] encryption_keys")

    def of(self, team: str) -> Workspace:
        if not team:
            raise PlaceClosed("slack", code="no_workspace", detail="the address names no workspace")
        if team not in self._met:
            account = InstalledAccount(team, self._installations, self._rotation)
            budget = self._budget.of(team) if self._budget is not None else None
            self._met[team] = _workspace(SlackApi(self._app, account, budget))
        return self._met[team]

    async def bot_in(self, team: str) -> Bot | None:
        known = await self._installations.find(team)
        return bot_of(known) if known else None

    async def removal(self, team: str, at: datetime) -> str | None:
        known = await self._installations.find(team)
        return known.installed_at.isoformat() if known and known.installed_at <= at else None

    async def forget(self, team: str, at: datetime) -> None:
        await self._installations.remove(team, at)
        if met := self._met.pop(team, None):
            await met.aclose()

    async def aclose(self) -> None:
        await asyncio.gather(*(each.aclose() for each in self._met.values()))
        await self._rotation.aclose()


def _workspace(api: SlackApi) -> Workspace:
    people = People(api, api.app.settings.names_timeout_s, api.app.now)
    return Workspace(
        api,
        people,
        WorkSigns(api),
        Streams(api.rate_limits, api.app.now),
        AssistantThreads(api),
        NameFinder(api, people, api.app.settings.names_timeout_s, api.app.now),
        Admins(api, api.app.now),
    )
