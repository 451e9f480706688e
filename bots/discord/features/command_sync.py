"""Bringing Discord's list of our commands up to date, when it differs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
import structlog
from discord.http import Route

from bots.discord.events.address import PLATFORM
from bots.discord.events.commands import Json, TranslatorOf, same, tree
from bots.discord.transport.api import Session
from bots.discord.transport.timing import Timing
from core.domain.errors import BotError, PlaceClosed, PlatformBusy, PlatformError
from core.domain.messages import Place
from core.domain.ports import Intake, Watch

log = structlog.get_logger(__name__)

EVERYWHERE = Place(PLATFORM, "", "")
SETTING = "[discord] command_servers"
NO_ACCESS, TOO_MANY_CREATED = "50001", "30034"
FIXES = {
    NO_ACCESS: "invite the bot to that server with the scope applications.commands, or take the server off",
    TOO_MANY_CREATED: "Discord creates 200 commands a day and server: try again tomorrow",
}


class _UpOnce:
    """A `Watch` that passes on what it is told, and knows whether the connection was ever up."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.happened = asyncio.Event()

    def up(self) -> None:
        self.happened.set()
        self._watch.up()

    def down(self, cause: BotError) -> None:
        self._watch.down(cause)


class Syncing:
    """Registers the commands: for all servers and direct messages, or for the servers that the settings name.

    Lists are compared before anything is written: Discord creates 200 commands a day and server, and no more.
    """

    def __init__(self, session: Session, servers: Sequence[int], timing: Timing) -> None:
        self._session = session
        self._servers = tuple(servers)
        self._timing = timing
        self._done: set[int] = set()
        self._told: set[int] = set()

    @asynccontextmanager
    async def beside(self, watch: Watch, intake: Intake) -> AsyncIterator[Watch]:
        """Do it while the block runs, as soon as the watch that it is given hears that a connection is up."""
        seen = _UpOnce(watch)

        async def when_up() -> None:
            await seen.happened.wait()
            await self.run(lambda locale: intake.translator(locale, EVERYWHERE))

        task = asyncio.create_task(when_up())
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("discord.commands_not_registered", setting=SETTING, exc_info=error)

    async def run(self, translator_of: TranslatorOf) -> None:
        """Do what is still to be done; what fails is said once, and tried again at the next call."""
        shared = [] if self._servers else tree(translator_of, everywhere=True)
        wanted = {0: shared} | {server: tree(translator_of, everywhere=False) for server in self._servers}
        for server, commands in wanted.items():
            if server not in self._done:
                await self._try(server, commands)

    async def _try(self, server: int, commands: list[Json]) -> None:
        for pause_s in (*self._timing.receive_retries_s, None):
            try:
                await self._bring(server, commands)
            except PlatformBusy as error:
                if pause_s is None:
                    self._tell(server, error)
                    return
                await self._timing.sleep(max(pause_s, error.retry_after_s or 0.0))
            except PlatformError as error:
                self._tell(server, error)
                return
            else:
                self._done.add(server)
                return

    async def _bring(self, server: int, commands: list[Json]) -> None:
        there = await self._session.call(lambda client: _listed(client, server))
        if same(there, commands):
            return
        await self._session.call(lambda client: _write(client, server, commands))
        log.info("discord.commands_registered", server=server or "all", count=len(commands))

    def _tell(self, server: int, error: PlatformError) -> None:
        if server in self._told:
            return
        self._told.add(server)
        fix = FIXES.get(error.code, "") if isinstance(error, PlaceClosed) else ""
        log.error(
            "discord.commands_not_registered",
            setting=SETTING,
            server=server or "all",
            code=error.code,
            fix=fix or "slash commands are as they were; all else works",
            detail=error.detail,
        )


async def _listed(client: discord.Client, server: int) -> list[Json]:
    # without this, Discord tells the names in one language only
    params = {"with_localizations": "true"}
    found: Any = await client.http.request(_route("GET", client, server), params=params)
    return list(found)


async def _write(client: discord.Client, server: int, commands: list[Json]) -> None:
    await client.http.request(_route("PUT", client, server), json=commands)


def _route(method: str, client: discord.Client, server: int) -> Route:
    app = client.application_id
    if server:
        return Route(method, "/applications/{app}/guilds/{guild_id}/commands", app=app, guild_id=server)
    return Route(method, "/applications/{app}/commands", app=app)
