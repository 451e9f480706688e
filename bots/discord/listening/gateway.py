"""The gateway side of Discord: discord.py's client, kept small and kept from running away."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import discord
import structlog
import yarl
from discord.gateway import KeepAliveHandler

from bots.discord.events.translate import Me
from bots.discord.features.backfill import Catchup
from bots.discord.listening.watchdog import Line
from bots.discord.settings import DiscordSettings
from bots.discord.transport import sdk_addresses
from bots.discord.transport.error_mapping import unreachable
from bots.discord.transport.http_hooks import plain
from bots.discord.transport.timing import Timing

log = structlog.get_logger(__name__)

IDENTIFY_MEMORY_S = 600.0
FEW_LEFT = 0.25
"""The share of a day's connections from which on they are spread over what is left of the day."""
Changed = discord.RawMessageUpdateEvent | discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent
Heard = discord.Message | discord.Interaction | Changed | discord.Guild
"""What is brought on. A `Guild`: the bot was removed from it."""
Hear = Callable[[Heard], asyncio.Future[object] | None]
"""Brings something on; what it returns tells, when it is there, what became of it."""


class Gateway(discord.AutoShardedClient):
    """One life of the gateway connections, from login to their end; a new life takes a new object.

    Asks for 37377 (guilds, messages in servers and in private, their content), or 4609 without the content.
    Members are not cached, servers not chunked, messages not kept.
    """

    def __init__(
        self, settings: DiscordSettings, timing: Timing, hear: Hear, catchup: Catchup, *, content: bool
    ) -> None:
        super().__init__(
            intents=discord.Intents(
                guilds=True, guild_messages=True, dm_messages=True, message_content=content
            ),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=timing.guild_ready_s,
            heartbeat_timeout=timing.heartbeat_timeout_s,
            http_trace=plain(),
        )
        self._settings = settings
        self._timing = timing
        self.hear = hear
        self._catchup = catchup
        self._content = content
        self._identifies: deque[float] = deque()
        self.line: Line | None = None
        self.wait_s = 0.0
        """How long to wait before connecting, so that restarts can't use up the day's connections."""

    @property
    def me(self) -> Me | None:
        """Who we are, once logged in."""
        if self.user is None:
            return None
        return Me(
            self.user.id,
            reads_content=self._content,
            everywhere=frozenset(int(id_) for id_ in self._settings.channels_without_mention),
            opens_threads=self._settings.thread_per_question,
        )

    @property
    def content_is_on(self) -> bool:
        """Whether the portal's switch for message content is on, as the login told."""
        flags = self.application_flags
        return flags.gateway_message_content or flags.gateway_message_content_limited

    def open_direct(self, channel: int) -> discord.DMChannel:
        """Make the object of a direct channel from its id: asking Discord for it would tell nothing more."""
        state = self._connection
        data = {"id": str(channel), "type": discord.ChannelType.private.value, "recipients": []}
        return discord.DMChannel(me=state.user, state=state, data=data)  # type: ignore[arg-type]

    async def locate(self) -> int:
        """Ask the API where the gateway is, for this connect and all reconnects, and return how many shards are ours.

        Raises FrontendUnreachable where Discord allows no more connections for now.
        """
        advised, url, limit = await self.http.get_bot_gateway()
        count = self._settings.shard_count or advised
        ours = self._settings.shard_ids or tuple(range(count))
        if limit["remaining"] < len(ours):
            wait_s = limit["reset_after"] / 1000
            error = unreachable(
                f"Discord lets this token connect again in {wait_s / 60:.0f} minutes:"
                f" its {limit['total']} connections of a day are used up"
            )
            error.retry_after_s = wait_s
            raise error
        if limit["remaining"] < limit["total"] * FEW_LEFT:
            self.wait_s = limit["reset_after"] / 1000 * len(ours) / limit["remaining"]
        sdk_addresses.move_gateway(url)
        # with a count given, discord.py does not ask again and takes the address that was just set
        self.shard_count, self.shard_ids = count, list(ours)
        return len(ours)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep Discord's pace of identifies, and end a loop of them before it uses up the day's."""
        if initial:
            return
        now = self._timing.now()
        self._identifies.append(now)
        while self._identifies[0] < now - IDENTIFY_MEMORY_S:
            self._identifies.popleft()
        if len(self._identifies) > self._timing.most_identifies + (self.shard_count or 1):
            raise unreachable("the gateway refuses every session that it has just granted")
        log.debug("discord.identify", shard=shard_id)
        await self._timing.sleep(self._timing.identify_gap_s)

    async def on_message(self, message: discord.Message) -> None:
        self.hear(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.hear(interaction)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self.hear(payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self.hear(payload)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self.hear(payload)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server came later than its shard, or back from an outage."""
        self._catchup.came(guild, self)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._catchup.joined(guild)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """An outage of Discord's: what was asked there is answered when it is over."""
        self._catchup.away(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._catchup.left(guild)
        self.hear(guild)

    async def on_shard_connect(self, shard_id: int) -> None:
        """A session began: the SDK calls this after an identify, and not after a resume."""
        self._stay(shard_id)
        self._catchup.began(shard_id, self)
        if self.line is not None:
            self.line.connected(shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        for guild in self.guilds:
            if guild.shard_id == shard_id and not guild.unavailable:
                self._catchup.came(guild, self)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._catchup.resumed(shard_id)
        if self.line is not None:
            self.line.connected(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self._catchup.lost(shard_id)
        if self.line is not None:
            self.line.lost(shard_id)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """Log what one of our handlers raised: it ends neither the client nor the event after it."""
        log.error("discord.handler_failed", handler=event_method, exc_info=sys.exception())

    async def close(self) -> None:
        """End the connections, also those that discord.py had not yet taken into its books."""
        await super().close()
        for thread in threading.enumerate():
            if isinstance(thread, KeepAliveHandler) and self._is_ours(thread):
                thread.stop()
                with suppress(OSError, RuntimeError, asyncio.TimeoutError):
                    await thread.ws.close(code=1000)

    def _is_ours(self, heart: KeepAliveHandler) -> bool:
        return heart.ws._connection is self._connection  # noqa: SLF001 - the only link from it to its client

    def _stay(self, shard_id: int) -> None:
        """Resume where the API told us to connect, if the operator moved it: READY may name Discord itself."""
        ws = self._get_websocket(shard_id=shard_id)
        if self._settings.moved and _host(ws.gateway) != _host(sdk_addresses.gateway()):
            ws.gateway = sdk_addresses.gateway()


def _host(url: yarl.URL) -> tuple[str | None, int | None]:
    return url.host, url.port
