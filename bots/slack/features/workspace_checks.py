"""What `doctor` asks Slack where workspaces install the app: each token by itself, and the channels in each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bots.doctor.clock import clock_finding
from bots.slack.events.address import PLATFORM
from bots.slack.features.checks import channel_finding, missing_scopes, named, refused, way_in
from bots.slack.installations.sealing import Seal
from bots.slack.settings import INSTALL_PATH, SlackSettings
from bots.slack.transport.single_calls import SingleCalls, single_calls
from core.domain import FrontendRefused, StorageError
from core.domain.checks import Finding, failed, ok, unknown, warning
from core.storage.db import Database, migrate
from core.storage.db.engine import database_path
from core.storage.platforms.installations import Installation, Installations
from core.util.clock import Clock, utc_now

CHECK = "slack.workspaces"
MOST_WORKSPACES = 50


@dataclass(frozen=True, slots=True)
class WorkspacesCheck:
    """Asks Slack about an app that any workspace installs."""

    settings: SlackSettings
    channels: Sequence[str]
    database_url: str
    now: Clock = utc_now
    name: str = "slack"

    async def run(self) -> list[Finding]:
        async with single_calls(self.settings) as slack:
            way, found = await asyncio.gather(way_in(slack), self._workspaces(slack))
        return [way, *found]

    async def _workspaces(self, slack: SingleCalls) -> list[Finding]:
        try:
            installed = await self._installed()
        except FrontendRefused as error:
            return [failed(CHECK, f"{error.setting} has not the key of a stored token", error.fix)]
        except StorageError as error:
            return [unknown(CHECK, f"they can't be read: {type(error).__name__}")]
        if not installed:
            cure = f"open {self.settings.public_url}{INSTALL_PATH} in a browser"
            return [warning(CHECK, "no workspace has installed the app", cure)]
        looked = installed[:MOST_WORKSPACES]
        tokens = {each.workspace: each.tokens.token for each in looked}
        parts = await asyncio.gather(
            *(self._workspace(slack, each) for each in looked),
            *(self._channel(slack, tokens, each) for each in named(self.channels)),
        )
        more = f", of which {len(looked)} were looked at" if len(looked) < len(installed) else ""
        return [ok(CHECK, f"{len(installed)} installed the app{more}"), *parts]

    async def _installed(self) -> list[Installation]:
        path = database_path(self.database_url)
        if path is not None and not path.exists():
            return []
        async with Database(self.database_url) as database:
            if not await migrate.seen(database):
                return []
            return await Installations(
                database, PLATFORM, Seal(self.settings.encryption_keys), self.now
            ).all()

    async def _workspace(self, slack: SingleCalls, installed: Installation) -> Finding:
        check = f"slack.workspace.{installed.workspace}"
        told = await slack.call("auth.test", installed.tokens.token)
        again = f"have the workspace install the app again: {self.settings.public_url}{INSTALL_PATH}"
        if told.refusal == "token_expired" and installed.tokens.refresh_token:
            return ok(
                check, f"{installed.workspace_name}: its token is renewed with the next call of the bot"
            )
        if told.refusal:
            return refused(check, told, again)
        if missing := missing_scopes(told, self.settings):
            return failed(check, f"{told.data.get('team')}: the token lacks {', '.join(missing)}", again)
        clock = clock_finding(check, told.date, self.now())
        return clock if clock.cure else ok(check, f"{told.data.get('user')} in {told.data.get('team')}")

    @staticmethod
    async def _channel(slack: SingleCalls, tokens: Mapping[str, str], channel: str) -> Finding:
        workspace = channel.rpartition("/")[0]
        if workspace in tokens:
            return await channel_finding(slack, tokens[workspace], channel)
        check = f"slack.channel.{channel.replace('/', '.')}"
        cure = "write it with its workspace, such as slack:T0123456/C0123456"
        return unknown(check, "its workspace is not named, or did not install the app", cure)
