"""Listening: one gateway login after the other, each ending in a sentence that names the setting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord

from bots.discord.features.backfill import Backfill
from bots.discord.listening.gateway import Gateway, Receive
from bots.discord.listening.watchdog import Watchdog
from bots.discord.settings import DiscordSettings
from bots.discord.transport.api import token_of
from bots.discord.transport.error_mapping import FAILURES, connection_error_of, login_error_of, unreachable
from bots.discord.transport.http_hooks import plain_json
from bots.discord.transport.timing import Timing
from core.domain import Watch
from core.util.log import log

if TYPE_CHECKING:
    from bots.discord.listening.seat import Seat  # only who shares shards pays

NO_CONTENT = (
    "Message Content Intent is off for this bot: in servers it reads only messages that mention it, and replies"
    " to it that ping it. Switch it on in the Developer Portal (your application, Bot, Privileged Gateway"
    " Intents), or set [discord] message_content = false to accept that."
)


CHANNELS_NOT_READ = (
    "Without it nothing but mentions is heard in [discord] channels_without_mention: switch the intent on, or take"
    " the channels off."
)
MENTIONS_ONLY = (
    "[discord] message_content = false: in servers the bot hears mentions, replies that ping it, commands."
)


class ContentRefused(Exception):
    """Discord does not grant the message-content intent to this bot."""


class Listener:
    """Keeps one bot connected for as long as one call of `run` lasts."""

    def __init__(self, settings: DiscordSettings, timing: Timing) -> None:
        self._settings = settings
        self._timing = timing
        self._told = False

    async def run(self, receive: Receive, watch: Watch, backfill: Backfill, seat: Seat | None = None) -> None:
        """Listen until cancelled, to the shards that the settings name, or to that of `seat`.

        Raises FrontendRefused or FrontendUnreachable.
        """
        if self._settings.message_content:
            try:
                return await self._listen(receive, watch, backfill, seat, content=True)
            except ContentRefused:
                self._warn_of_content()
        elif not self._told:
            log.info("discord.mentions_only", sentence=MENTIONS_ONLY)
            self._told = True
        return await self._listen(receive, watch, backfill, seat, content=False)

    async def advised_count(self) -> int:
        """Ask Discord into how many shards to split the servers. Raises FrontendRefused or FrontendUnreachable."""
        async with discord.Client(intents=discord.Intents.none(), http_trace=plain_json()) as client:
            try:
                async with asyncio.timeout(self._settings.connect_timeout_s):
                    await client.login(token_of(self._settings))
                    advised, _, _ = await client.http.get_bot_gateway()
                    return advised
            except FAILURES as exc:
                raise login_error_of(exc, self._settings.shown_api_url) from exc

    def _warn_of_content(self) -> None:
        if not self._told:
            log.warning("discord.no_message_content", sentence=NO_CONTENT)
            if self._settings.channels_without_mention:
                log.warning("discord.channels_not_read", sentence=CHANNELS_NOT_READ)
        self._told = True

    async def _listen(
        self, receive: Receive, watch: Watch, backfill: Backfill, seat: Seat | None, *, content: bool
    ) -> None:
        watchdog = Watchdog(self._settings, self._timing, watch)
        async with Gateway(
            self._settings, self._timing, receive, watchdog, backfill, content=content, seat=seat
        ) as gateway:
            shards, wait_s = await self._log_in(gateway)
            if content and not gateway.content_is_on:
                raise ContentRefused
            if wait_s:  # a program that is restarted again and again would use up the day's connections
                few = f"few of the day's connections are left to this token: it connects in {wait_s:.0f} s"
                watch.down(unreachable(few, wait_s))
                await self._timing.sleep(wait_s)
            watchdog.expect(shards)
            await gateway.identify_turn()
            await self._connect(gateway, watchdog, content=content)

    async def _log_in(self, gateway: Gateway) -> tuple[int, float]:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await gateway.login(token_of(self._settings))
                return await gateway.locate()
        except FAILURES as exc:
            raise login_error_of(exc, self._settings.shown_api_url) from exc

    async def _connect(self, gateway: Gateway, watchdog: Watchdog, *, content: bool) -> None:
        """Run the connections and their watchdog; whichever ends first ends both."""
        tasks = [asyncio.create_task(gateway.connect()), asyncio.create_task(watchdog.guard())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            # while it identifies anew, discord.py swallows a cancellation: only closing ends it
            await gateway.close()
            await asyncio.gather(*tasks, return_exceptions=True)
        error = next((error for task in done if (error := task.exception()) is not None), None)
        if isinstance(error, discord.PrivilegedIntentsRequired) and content:
            raise ContentRefused from error
        if error is None:
            raise unreachable("discord.py ended its connections")
        raise connection_error_of(error) from error
