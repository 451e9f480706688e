"""Bringing Discord's list of our commands up to date, when it differs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord.http import Route

from bots.discord.events.address import PLATFORM
from bots.discord.events.commands import Json, TranslatorOf, all_commands, same
from bots.discord.transport.api import Session
from bots.discord.transport.timing import Timing
from core.delivery.platform_retry import patiently
from core.domain import BotError, Capability, Intake, Place, PlatformError, Watch
from core.util.log import log

EVERYWHERE = Place(PLATFORM, "", "")
SETTING = "[discord] command_servers"
TRY_FOR_S = 300.0
"""How long a Discord that is busy is waited for, for each server."""
FIXES = {
    "50001": "invite the bot to that server with the scope applications.commands, or take the server off",
    "30034": "Discord creates 200 commands a day and server: try again tomorrow",
}


class _FirstUp:
    """A `Watch` that passes on what it is told, and knows whether the connection was ever up."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.happened = asyncio.Event()

    def up(self) -> None:
        self.happened.set()
        self._watch.up()

    def down(self, cause: BotError) -> None:
        self._watch.down(cause)


class CommandSync:
    """Registers the commands: for all servers and direct messages, or for the servers that the settings name.

    Lists are compared before anything is written: a start then costs a read, and the log tells when they changed.
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
        seen = _FirstUp(watch)

        async def when_up() -> None:
            await seen.happened.wait()
            await self.run(lambda locale: intake.translator(locale, EVERYWHERE), intake.capabilities())

        task = asyncio.create_task(when_up())
        try:
            yield seen
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("discord.commands_not_registered", setting=SETTING, exc_info=error)

    async def run(self, translator_of: TranslatorOf, capabilities: Sequence[Capability] = ()) -> None:
        """Do what is still to be done; what fails is said once, and tried again at the next call."""
        shared = [] if self._servers else all_commands(translator_of, capabilities, everywhere=True)
        wanted = {0: shared} | {
            server: all_commands(translator_of, capabilities, everywhere=False) for server in self._servers
        }
        for server, commands in wanted.items():
            if server not in self._done:
                await self._try(server, commands)

    async def _try(self, server: int, commands: list[Json]) -> None:
        try:
            await patiently(
                lambda: self._register(server, commands),
                budget_s=TRY_FOR_S,
                now=self._timing.now,
                sleep=self._timing.sleep,
            )
        except PlatformError as error:
            if server not in self._told:
                self._tell(server, error)
        else:
            self._done.add(server)

    async def _register(self, server: int, commands: list[Json]) -> None:
        # without this, Discord tells the names in one language only
        params = {"with_localizations": "true"}
        listed = await self._session.call(lambda client: _request("GET", client, server, params=params))
        if same(listed, commands):
            return
        await self._session.call(lambda client: _request("PUT", client, server, json=commands))
        log.info("discord.commands_registered", server=server or "all", count=len(commands))

    def _tell(self, server: int, error: PlatformError) -> None:
        self._told.add(server)
        log.error(
            "discord.commands_not_registered",
            setting=SETTING,
            server=server or "all",
            code=error.code,
            fix=FIXES.get(error.code, "slash commands are as they were; all else works"),
            detail=error.detail,
        )


async def _request(method: str, client: discord.Client, server: int, **request: Any) -> Any:
    """Read or write the commands of one server, or, where it is 0, those for all."""
    where = f"/guilds/{server}" if server else ""
    route = Route(method, f"/applications/{client.application_id}{where}/commands")
    return await client.http.request(route, **request)
