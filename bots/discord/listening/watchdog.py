"""The watchdog: discord.py tries to connect for ever without a word; this tells the operator, and gives up."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from bots.discord.settings import DiscordSettings
from bots.discord.transport.error_mapping import unreachable
from bots.discord.transport.timing import Timing
from core.domain import Watch


class Watchdog:
    """Knows which shards are connected, tells the watch, and gives up when that takes too long."""

    def __init__(self, settings: DiscordSettings, timing: Timing, watch: Watch) -> None:
        self._settings = settings
        self._timing = timing
        self._watch = watch
        self._shards = 0
        self._connected: set[int] = set()
        self._all_connected = asyncio.Event()
        self._some_lost = asyncio.Event()

    def expect(self, shards: int) -> None:
        """Take note of how many shards are to be connected."""
        self._shards = shards

    def connected(self, shard: int) -> None:
        self._connected.add(shard)
        if len(self._connected) >= self._shards:
            self._some_lost.clear()
            self._all_connected.set()

    def lost(self, shard: int) -> None:
        self._connected.discard(shard)
        self._all_connected.clear()
        self._some_lost.set()

    async def guard(self) -> NoReturn:
        """Watch the connections.

        Raises:
            FrontendUnreachable: the first ones took too long, or a lost one did not come back.
        """
        queue_s = self._timing.identify_gap_s * (self._shards - 1)
        if not await self._connected_within(self._settings.connect_timeout_s + queue_s):
            raise unreachable(
                f"the gateway that {self._settings.shown_api_url} names let no connection become ready"
                f" within {self._settings.connect_timeout_s + queue_s:g} s"
            )
        while True:
            self._watch.up()
            await self._some_lost.wait()
            await self._wait_for_reconnection()

    async def _wait_for_reconnection(self) -> None:
        grace_s = min(self._timing.down_after_s, self._settings.reconnect_after_s)
        if await self._connected_within(grace_s):
            return
        self._watch.down(unreachable("the connection to the gateway was lost; reconnecting"))
        if not await self._connected_within(self._settings.reconnect_after_s - grace_s):
            raise unreachable(
                "the connection to the gateway was lost and did not come back"
                f" within {self._settings.reconnect_after_s:g} s"
            )

    async def _connected_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._all_connected.wait()
        except TimeoutError:
            return False
        return True
