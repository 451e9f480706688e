"""The REST side of Discord: logged in when it is first needed, and enough to answer from any process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import discord
from cachetools import LRUCache

from bots.discord.events.address import PLATFORM
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.settings import DiscordSettings
from bots.discord.transport.error_mapping import FAILURES, login_error_of, mapped, token_refused
from bots.discord.transport.http_hooks import fail_fast
from bots.discord.transport.pacing import (
    EVERYTHING,
    LONGEST_SHARED_S,
    MOST_PACES,
    Guard,
    WritePace,
    channel_rates,
    webhook_rates,
)
from bots.discord.transport.sdk_state import RestClient
from bots.discord.transport.timing import Timing
from core.delivery.call_windows import Rate
from core.delivery.shared_budget import NOTHING, SharedBudget
from core.domain import FrontendUnreachable, PlatformBusy
from core.domain.metrics import NO_METER, PLATFORM_CALLS, CallOutcome, Meter, PlatformCall
from core.util.tasks import TaskSet

T = TypeVar("T")
Call = Callable[[discord.Client], Awaitable[T]]

LONGEST_WAIT_S = 30.0
"""The longest rate limit that discord.py sits out by itself; a longer one comes back as an error."""
REMEMBERED = 1000


def token_of(settings: DiscordSettings) -> str:
    """Take the token as a header can carry it. Raises FrontendRefused where it can't be one."""
    token = settings.token.get_secret_value().strip().removeprefix("Bot ").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise token_refused("it holds characters that no token has" if token else "it is empty")
    return token


def own_id(client: discord.Client) -> int:
    """Tell the bot's own id, which the login told."""
    return client.user.id if client.user is not None else 0


async def fetch_message(
    client: discord.Client, channel: int, message: int, guild: int | None = None
) -> WholeMessage:
    """Read one message with a client of ours. Raises what the SDK raises."""
    found = await client.get_partial_messageable(channel, guild_id=guild).fetch_message(message)
    if not isinstance(found, WholeMessage):
        raise TypeError("the client makes messages of another class")
    return found


async def read_history(
    client: discord.Client, channel: int, most: int, before: int, guild: int | None = None
) -> list[WholeMessage]:
    """Read what was said before a message, newest first, with a client of ours. Raises what the SDK raises."""
    here = client.get_partial_messageable(channel, guild_id=guild)
    found = here.history(limit=most, before=discord.Object(before))
    return [message async for message in found if isinstance(message, WholeMessage)]


class Session:
    """Calls Discord's REST API, and keeps every call that went out alive until it has ended.

    A caller that is cancelled leaves its call running: cancelled inside one of its waits, discord.py's
    limiter would make later calls wait twice as long, and after a global limit for ever.
    """

    def __init__(
        self,
        settings: DiscordSettings,
        timing: Timing,
        meter: Meter = NO_METER,
        budget: SharedBudget | None = None,
    ) -> None:
        """`budget`: Discord's, which all processes share, each channel and webhook a part of it.

        All calls count in it, but for those of webhooks: Discord has those of interactions count nowhere else.
        """
        self.timing = timing
        self._budget = budget
        self._meter = meter
        self._settings = settings
        self._client: discord.Client | None = None
        self._login = asyncio.Lock()
        self._paces: dict[int | str, WritePace] = {}
        self._running = TaskSet()
        self.posted: LRUCache[str, int] = LRUCache(REMEMBERED)
        """Under which id a message of ours with a nonce exists."""
        self._closed = False

    async def call(
        self, call: Call[T], *, creates: bool = False, writes: bool = False, of_webhook: bool = False
    ) -> T:
        """Make a call that needs no pacing but that of all calls, unless it is `of_webhook`. Raises PlatformError.

        `writes`: it carries a message's text.
        """
        client = await self.client()
        if self._budget is not None and not of_webhook:
            later_s = await self._budget.enter(EVERYTHING, most_s=LONGEST_SHARED_S)
            if later_s > 0:
                raise PlatformBusy(PLATFORM, code="kept_back", retry_after_s=later_s)
        return await asyncio.shield(self._own(mapped(lambda: call(client), creates=creates, writes=writes)))

    async def write(
        self, pace: WritePace, call: Call[T], guard: Guard, *, creates: bool = False, growing: bool = False
    ) -> T:
        """Make a call that writes into a place, when it is this one's turn there. Raises PlatformError.

        Whoever had to wait for that asks `guard` once more, and goes without writing when it raises. What is `growing`
        does not wait: PlatformBusy.
        """
        client = await self.client()
        await pace.enter(guard, growing=growing)
        return await asyncio.shield(self._own(_through(pace, call, client, creates=creates)))

    async def fetch_message(self, channel: int, message: int, guild: int | None = None) -> WholeMessage:
        """Read one message. Raises PlatformError; PlaceClosed where it is gone, or hidden from the bot."""
        return await self.call(lambda client: fetch_message(client, channel, message, guild))

    async def open_direct(self, user: int) -> int:
        """Find the direct channel with somebody. Raises PlaceClosed where there can be none."""
        return (await self.call(lambda client: client.create_dm(discord.Object(user)))).id

    def pace(self, channel: int) -> WritePace:
        """Tell a channel's pace; idle ones are forgotten."""
        return self._pace(channel, channel_rates, EVERYTHING)

    def webhook_pace(self, token: str) -> WritePace:
        """Tell the pace of the webhook that an interaction's token opens."""
        return self._pace(token, webhook_rates, NOTHING)

    def _pace(
        self, place: int | str, rates: Callable[[Timing], Sequence[Rate]], around: Mapping[str, Rate]
    ) -> WritePace:
        if place not in self._paces and len(self._paces) >= MOST_PACES:
            self._paces = {key: pace for key, pace in self._paces.items() if not pace.idle}
        if place not in self._paces:
            budget = self._budget.of(str(place), around) if self._budget is not None else None
            self._paces[place] = WritePace(self.timing, rates(self.timing), budget)
        return self._paces[place]

    async def client(self) -> discord.Client:
        """Log in, unless done. Raises FrontendRefused, or PlatformBusy while Discord can't be reached."""
        async with self._login:
            if self._client is None and not self._closed:
                self._client = await self._log_in()
            if self._client is None or self._closed:
                raise PlatformBusy(PLATFORM, detail="shutting down")
            return self._client

    async def close(self) -> None:
        """End what still runs, and the connections."""
        self._closed = True
        await self._running.aclose()
        async with self._login:
            if self._client is not None:
                await self._client.close()

    async def _log_in(self) -> discord.Client:
        client = RestClient(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT_S,
            http_trace=fail_fast(
                lambda channel, left, reset_s: self.pace(channel).limited(left, reset_s), self._counted
            ),
        )
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await client.login(token_of(self._settings))
        except FAILURES as exc:
            await client.close()
            error = login_error_of(exc, self._settings.shown_api_url)
            if isinstance(error, FrontendUnreachable):
                raise PlatformBusy(PLATFORM, code="unreachable", detail=error.detail) from exc
            raise error from exc
        except BaseException:
            await client.close()
            raise
        return client

    def _counted(self, call: PlatformCall, outcome: CallOutcome) -> None:
        self._meter.count(PLATFORM_CALLS, platform=PLATFORM, call=call.value, outcome=outcome.value)

    def _own(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        task = self._running.start(work)
        task.add_done_callback(_take_exception)
        return task


def _take_exception(task: asyncio.Task[Any]) -> None:
    """Count the exception as seen: a caller that was cancelled does not ask for it any more."""
    if not task.cancelled():
        task.exception()


async def _through(pace: WritePace, call: Call[T], client: discord.Client, *, creates: bool) -> T:
    try:
        return await mapped(lambda: call(client), creates=creates, writes=True)
    finally:
        pace.leave()
