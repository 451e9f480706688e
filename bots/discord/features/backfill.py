"""Backfill: when a session could not be resumed, messages that were missed are read and received like new ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import discord

from bots.discord.events.address import PLATFORM
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me
from bots.discord.features.backfill_gaps import DIRECT, DIRECT_SHARD, Gaps, shard_of
from bots.discord.features.backfill_sweep import Sweep
from bots.discord.settings import DiscordSettings
from bots.discord.transport.timing import Timing
from core.delivery.shared_budget import SharedBudget
from core.domain import BotError, Intake, Place, Receipt
from core.util.log import log

MARGIN = timedelta(minutes=5)
"""Looked through twice: a dead connection is noticed late, clocks differ, and a crash may end a look half-way."""
KNOWN_FOR = timedelta(days=30)
"""Direct conversations and threads in which nobody spoke with us for so long are not looked through."""
PLACES_GOOD_S = 60.0


class Connection(Protocol):
    """What backfill asks of the gateway's client: who the bot is, its servers, and where messages go."""

    @property
    def me(self) -> Me: ...

    def get_guild(self, id: int, /) -> discord.Guild | None: ...  # noqa: A002  the SDK's own name

    def open_direct(self, channel: int, /) -> discord.DMChannel: ...

    def receive(self, message: WholeMessage, /) -> asyncio.Future[object] | None: ...


class Backfill:
    """Follows the gateway's connections, and reads what was missed, one server after the other, at a slow rate.

    What one run did not finish, the next one does.
    """

    def __init__(self, settings: DiscordSettings, timing: Timing, budget: SharedBudget | None = None) -> None:
        """`budget`: Discord's, which all processes share."""
        self._budget = budget
        self._most = timedelta(hours=settings.backfill_hours)
        self._timing = timing
        self._gaps = Gaps()
        self._due: dict[int, tuple[Connection, int]] = {}
        self._wake = asyncio.Event()
        self._unkept: dict[str, datetime] = {}
        """What has become due and is not stored yet: workspaces, and since when."""
        self._news = asyncio.Event()
        self._storing = asyncio.Lock()
        self._places: tuple[float, Sequence[Place]] = (float("-inf"), ())

    @asynccontextmanager
    async def running(self, intake: Intake) -> AsyncIterator[None]:
        """Look through what is due while the block runs."""
        if self._most and not self._gaps.begun:
            # before the first event: from then on the newest one says nothing of the gap before it
            self._gaps.begin(await self._heard(intake))
        self._due.clear()
        tasks = [asyncio.create_task(self._work(intake)), asyncio.create_task(self._keep(intake))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._gaps.over(self._now())

    async def takes(self, shard: int, count: int, intake: Intake) -> None:
        """Begin anew with one of `count` shards, which other processes may have had: before its first event."""
        if self._most:
            heard = await self._heard(intake)
            self._gaps.taken(shard, lambda place: shard_of(place, count) == shard, heard)

    async def _heard(self, intake: Intake) -> Mapping[str, datetime]:
        """When something was last said in each server; earlier where what was missed before was not found yet."""
        return {**await intake.heard_until(PLATFORM), **await intake.look_back(PLATFORM, {})}

    def gives_up(self, shard: int) -> None:
        """Look through no more of a shard that is another process's now."""
        self._due = {place: due for place, due in self._due.items() if due[1] != shard}

    # -- what the gateway tells ---------------------------------------------------------------------

    def lost(self, shard: int) -> None:
        self._gaps.lost(shard, self._now())

    def resumed(self, shard: int) -> None:
        self._gaps.resumed(shard)

    def began(self, shard: int, connection: Connection) -> None:
        """A shard identified anew. Its servers follow one by one; direct messages have no event of their own."""
        self._gaps.began(shard)
        if shard == DIRECT_SHARD:
            self._look(DIRECT, connection, shard)

    def came(self, guild: discord.Guild, connection: Connection) -> None:
        """A server is there: after an identify, or back from an outage."""
        self._look(guild.id, connection, guild.shard_id)

    def joined(self, guild: discord.Guild) -> None:
        self._gaps.filled(guild.id, guild.shard_id)

    def away(self, guild: discord.Guild) -> None:
        self._gaps.away(guild.id, self._now())

    def left(self, guild: discord.Guild) -> None:
        self._due.pop(guild.id, None)
        self._gaps.forget(guild.id)

    # -- the work -----------------------------------------------------------------------------------

    def _look(self, place: int, connection: Connection, shard: int) -> None:
        since = self._gaps.since(place)
        if since is None or not self._most:
            self._gaps.filled(place, shard)
        else:
            self._due[place] = (connection, shard)
            self._unkept[_workspace(place)] = since
            self._wake.set()
            self._news.set()

    async def _work(self, intake: Intake) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                place, (connection, shard) = next(iter(self._due.items()))
                del self._due[place]
                try:
                    await self._through(place, connection, intake)
                except Exception:  # what goes wrong in one place keeps nobody from looking through the others
                    log.exception("discord.backfill_failed", server=place or "direct messages")
                else:
                    if place not in self._due:  # else its connection began anew meanwhile
                        self._gaps.filled(place, shard)

    async def _keep(self, intake: Intake) -> None:
        """Have stored from when on what is due is looked through: this process may not get so far."""
        while True:
            await self._news.wait()
            self._news.clear()
            async with self._storing:
                since, self._unkept = self._unkept, {}
                try:
                    await intake.look_back(PLATFORM, since)
                except BotError as error:  # what is left then is forgotten with this process
                    log.warning("discord.look_back_not_stored", cause=str(error))

    async def _through(self, place: int, connection: Connection, intake: Intake) -> None:
        since, me = self._gaps.since(place), connection.me
        if since is None:
            return
        begin = max(since - MARGIN, self._now() - self._most)
        sweep = Sweep(connection.open_direct, me, begin, self._timing, self._budget)
        guild, places = connection.get_guild(place), await self._known_places(intake)
        if place != DIRECT and guild is None:
            return
        found = sweep.server(guild, places) if guild else sweep.direct(places)
        brought = [outcome async for message in found if (outcome := connection.receive(message)) is not None]
        # most of what is found was heard live: only what is new is worth a line
        if new := sum(receipt is Receipt.ACCEPTED for receipt in await asyncio.gather(*brought)):
            log.info("discord.backfilled", server=place or "direct messages", found=new)
        async with self._storing:
            await intake.looked_back(PLATFORM, _workspace(place), since)

    async def _known_places(self, intake: Intake) -> Sequence[Place]:
        """Ask the core where somebody spoke with us lately; for all servers that come at once it is asked once."""
        asked_at, places = self._places
        if self._timing.now() - asked_at > PLACES_GOOD_S:
            places = await self._ask_places(intake)
            self._places = (self._timing.now(), places)
        return places

    async def _ask_places(self, intake: Intake) -> Sequence[Place]:
        for pause_s in (*self._timing.receive_retries_s, None):
            try:
                return await intake.places(PLATFORM, self._now() - KNOWN_FOR)
            except BotError:
                log.exception("discord.places_unknown", given_up=pause_s is None)
            if pause_s is not None:
                await self._timing.sleep(pause_s)
        return ()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._timing.wall(), UTC)


def _workspace(place: int) -> str:
    """A server, or all direct messages, as the core has it."""
    return "" if place == DIRECT else str(place)
