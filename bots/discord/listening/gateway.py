"""The gateway side of Discord: discord.py's client, kept small and kept from running away."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import discord
from discord.gateway import KeepAliveHandler

from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me
from bots.discord.features.backfill import Backfill
from bots.discord.listening.parsers import Parsers, Unread
from bots.discord.listening.watchdog import Watchdog
from bots.discord.settings import DiscordSettings
from bots.discord.transport import sdk_addresses
from bots.discord.transport.error_mapping import unreachable
from bots.discord.transport.http_hooks import plain_json
from bots.discord.transport.sdk_state import ShardedState
from bots.discord.transport.timing import Timing
from core.util.log import log
from core.util.tasks import TaskSet

if TYPE_CHECKING:
    from bots.discord.listening.seat import Seat  # only who shares shards pays

IDENTIFY_MEMORY_S = 600.0
FEW_LEFT = 0.25
"""The share of a day's connections from which on they are spread over what is left of the day."""
LONGEST_TURN_S = 50.0
"""How far away a turn to identify may be: after 60 s the SDK gives such a connection up, and begins another."""
Change = discord.RawMessageUpdateEvent | discord.RawMessageDeleteEvent | discord.RawBulkMessageDeleteEvent
GatewayEvent = WholeMessage | discord.Interaction | Change | discord.Guild | Unread
"""What is received. A `Guild`: the bot was removed from it."""
Receive = Callable[[GatewayEvent, Me], asyncio.Future[object] | None]
"""Takes an event in; what it returns tells, when it is there, what became of it."""


class Gateway(discord.AutoShardedClient):
    """The gateway connections of one login, until they end; the next login takes a new object.

    Asks for 37377 (guilds, messages in servers and in private, their content), or 4609 without the content.
    Members are not cached, servers not chunked, messages not kept.
    """

    def __init__(
        self,
        settings: DiscordSettings,
        timing: Timing,
        receive: Receive,
        watchdog: Watchdog,
        backfill: Backfill,
        *,
        content: bool,
        seat: Seat | None = None,
    ) -> None:
        """`seat`: the one shard to connect, where other processes have the others; else the settings say which."""
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
            http_trace=plain_json(),
        )
        self._settings = settings
        self._timing = timing
        self._receive = receive
        self._watchdog = watchdog
        self._backfill = backfill
        self._content = content
        self._seat = seat
        self._concurrency = 1
        self._identifies: deque[float] = deque()
        self._unsure: deque[GatewayEvent] = deque()
        self._asking = TaskSet()
        self._connection.parsers = Parsers(self._connection.parsers, self.receive)

    def _get_state(self, **options: Any) -> ShardedState:
        return ShardedState(
            dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options
        )

    @property
    def me(self) -> Me:
        """Who we are; without an id before the login, when nothing is received."""
        return Me(
            self.user.id if self.user is not None else 0,
            self.user.display_name if self.user is not None else "",
            heard=frozenset(int(id_) for id_ in self._settings.heard_apps),
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

    def receive(self, event: GatewayEvent) -> asyncio.Future[object] | None:
        """Pass an event on; one that comes while it is not sure whether its shard is still ours waits for that."""
        if self._seat is None or (self._seat.share.sure and not self._unsure):
            return self._receive(event, self.me)
        self._unsure.append(event)
        if len(self._unsure) == 1:
            self._asking.start(self._make_sure(self._seat))
        return None

    async def _make_sure(self, seat: Seat) -> None:
        """Ask whether the shard is ours after a time in which this process did nothing: it may have been frozen.

        What came for one that is another's by now is left to that one, which looked for what came before.
        """
        ours = await seat.share.has(seat.shard)
        while self._unsure:
            event = self._unsure.popleft()
            if ours:
                self._receive(event, self.me)

    async def locate(self) -> tuple[int, float]:
        """Ask the API where the gateway is, for this connect and all reconnects.

        Returns how many shards are ours, and for how many seconds to wait before connecting, so that restarts can't
        use up the day's connections. Raises FrontendUnreachable where Discord allows no more for now.
        """
        advised, url, limit = await self.http.get_bot_gateway()
        seat, self._concurrency = self._seat, limit.get("max_concurrency", 1)
        count = seat.count if seat is not None else self._settings.shard_count or advised
        ours = (seat.shard,) if seat is not None else self._settings.shard_ids or tuple(range(count))
        if limit["remaining"] < len(ours):
            wait_s = limit["reset_after"] / 1000
            raise unreachable(
                f"Discord lets this token connect again in {wait_s / 60:.0f} minutes:"
                f" its {limit['total']} connections of a day are used up",
                wait_s,
            )
        few_left = limit["remaining"] < limit["total"] * FEW_LEFT
        connecting = (
            count if seat is not None else len(ours)
        )  # the others' shards are counted by Discord, too
        pause_s = limit["reset_after"] / 1000 * connecting / limit["remaining"] if few_left else 0.0
        sdk_addresses.move_gateway(url)
        # with a count given, discord.py does not ask again and takes the address that was just set
        self.shard_count, self.shard_ids = count, list(ours)
        return len(ours), pause_s

    async def identify_turn(self) -> None:
        """Wait until it is our turn among the processes to connect for the first time."""
        if self._seat is not None:
            await self._seat.identify_turn(self._concurrency, self._timing, math.inf)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep Discord's pace of identifies, and end a loop of them before it uses up the day's."""
        if initial:
            return
        now = self._timing.now()
        self._identifies.append(now)
        while self._identifies[0] < now - IDENTIFY_MEMORY_S:
            self._identifies.popleft()
        if len(self._identifies) > self._timing.most_identifies + len(self.shard_ids or (0,)):
            raise unreachable("the gateway refuses every session that it has just granted")
        log.debug("discord.identify", shard=shard_id)
        if self._seat is not None:
            await self._seat.identify_turn(self._concurrency, self._timing, LONGEST_TURN_S)
            return
        await self._timing.sleep(self._timing.identify_gap_s)

    async def on_message(self, event: GatewayEvent) -> None:
        """Pass on a message, an interaction or a change as it comes."""
        self.receive(event)

    on_interaction = on_raw_message_edit = on_raw_message_delete = on_raw_bulk_message_delete = on_message

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server came later than its shard, or back from an outage."""
        self._backfill.came(guild, self)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._backfill.joined(guild)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """An outage of Discord's: what was asked there is answered when it is over."""
        self._backfill.away(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self._backfill.left(guild)
        self.receive(guild)

    async def on_shard_connect(self, shard_id: int) -> None:
        """A session began: the SDK calls this after an identify, and not after a resume."""
        self._stay(shard_id)
        self._backfill.began(shard_id, self)
        self._watchdog.connected(shard_id)

    async def on_shard_ready(self, shard_id: int) -> None:
        for guild in self.guilds:
            if guild.shard_id == shard_id and not guild.unavailable:
                self._backfill.came(guild, self)

    async def on_shard_resumed(self, shard_id: int) -> None:
        self._backfill.resumed(shard_id)
        self._watchdog.connected(shard_id)

    async def on_shard_disconnect(self, shard_id: int) -> None:
        self._backfill.lost(shard_id)
        self._watchdog.lost(shard_id)

    async def on_error(self, event_method: str, /, *_args: object, **_kwargs: object) -> None:
        """Log what one of our handlers raised: it ends neither the client nor the event after it."""
        log.error("discord.handler_failed", handler=event_method, exc_info=sys.exception())

    async def close(self) -> None:
        """End the connections, also those that discord.py had not yet taken into its books."""
        await self._asking.aclose()
        await super().close()
        for thread in threading.enumerate():
            if not isinstance(thread, KeepAliveHandler):
                continue
            if thread.ws._connection is self._connection:  # noqa: SLF001 - the only link from it to its client
                thread.stop()
                with suppress(OSError, RuntimeError, asyncio.TimeoutError):
                    await thread.ws.close(code=1000)

    def _stay(self, shard_id: int) -> None:
        """Resume where the API told us to connect, if the operator moved it: READY may name Discord itself."""
        ws, told = self._get_websocket(shard_id=shard_id), sdk_addresses.gateway()
        if self._settings.moved and (ws.gateway.host, ws.gateway.port) != (told.host, told.port):
            ws.gateway = told
