"""The calls that an answer's streams are made of: each checks the ledger first, and is retried while Slack is busy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from bots.slack.delivery.channel import SlackChannel
from bots.slack.delivery.lookup import message_at, stream_like
from bots.slack.delivery.streaming.streams import NO_STREAM_ANY_MORE, NOT_STREAMING, Chunk, Streams
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import BLOCKS_REFUSED
from core.delivery.platform_retry import patiently
from core.domain.errors import OutcomeUnknown, PlaceClosed, PlatformBusy, PlatformError
from core.domain.ports import Delivery, Ledger
from core.util.clock import Now, Sleep

log = structlog.get_logger(__name__)

T = TypeVar("T")

_BUDGET_S = 20.0
_LAST_BUDGET_S = 90.0
_NOTICED_S = 2.0


class StreamCalls:
    """Slack's stream methods at one place, for one answer."""

    def __init__(
        self,
        api: SlackApi,
        place: Address,
        posts: SlackChannel,
        ledger: Ledger,
        streams: Streams,
        *,
        now: Now,
        sleep: Sleep,
    ) -> None:
        self._hurried = False
        self._api = api
        self._place = place
        self._posts = posts
        self._ledger = ledger
        self._streams = streams
        self._now = now
        self._sleep = sleep

    def hurry(self) -> None:
        """Retry for longer, and before other answers: this one is all there."""
        self._hurried = True

    async def start(self, chunks: list[Chunk]) -> str:
        """Start a stream, now or not at all, and only where its stop can be paid too.

        Raises:
            PlatformBusy: not now.
        """
        await self._ledger.check()
        place, streams = self._place, self._streams
        if not streams.may_open():
            raise PlatformBusy(PLATFORM, code="too_many_streams")
        streams.opened(self)
        try:
            answer = await self._api.write(
                "chat.startStream",
                once=True,
                channel=place.channel,
                thread_ts=place.thread,
                recipient_user_id=None if place.direct else place.user,
                recipient_team_id=None if place.direct else place.user_team,
                chunks=chunks,
                task_display_mode="timeline",
            )
        finally:
            streams.ended(self)
        return self.adopt(text_of(answer, "ts"))

    def adopt(self, ts: str) -> str:
        """Count a stream as open: one that was started, or one that was found after a lost answer."""
        self._streams.opened(ts)
        return ts

    async def append(self, ts: str, chunks: list[Chunk]) -> None:
        await self._patiently(
            lambda: self._write("chat.appendStream", ts, chunks=chunks, urgent=self._hurried)
        )

    @property
    def stops_are_scarce(self) -> bool:
        """Whether a reader would notice how long a stop waits for its turn."""
        return self._api.rate_limits.wait_s("chat.stopStream") > _NOTICED_S

    async def stop(self, ts: str, chunks: list[Chunk], blocks: list[dict[str, Any]]) -> None:
        """Bring a stream's last chunks and end it.

        A second stop is refused, so one whose outcome is unknown is tried again: refused then, it had been done.
        Where Slack does not take the blocks, the stream ends without them.
        """
        unsure = False
        below = blocks

        async def stop() -> None:
            nonlocal unsure, below
            try:
                await self._write("chat.stopStream", ts, chunks=chunks or None, blocks=below or None)
            except OutcomeUnknown:
                unsure = True
                raise
            except PlaceClosed as exc:
                if exc.code in BLOCKS_REFUSED and below:
                    log.warning("slack.blocks_refused", code=exc.code)
                    below = []
                    await stop()
                elif not unsure or exc.code != NOT_STREAMING:
                    raise

        await self._patiently(stop, PlatformBusy, OutcomeUnknown)

    async def stop_if_open(self, ts: str) -> None:
        """End a stream if it is one and still open."""
        try:
            await self._patiently(lambda: self._write("chat.stopStream", ts), PlatformBusy, OutcomeUnknown)
        except PlatformError as exc:
            log.debug("slack.stream_not_stopped", code=exc.code)

    async def delete(self, ts: str) -> None:
        await self._patiently(lambda: self._posts.delete(ts), PlatformBusy, OutcomeUnknown)

    async def withdraw(self, ts: str) -> None:
        """Remove a stream that this process started after it slept through being taken over."""
        if await self._ledger.holds(ts):
            return
        for call in (lambda: self._write("chat.stopStream", ts), lambda: self._posts.delete(ts)):
            with suppress(PlatformError):
                await self._unchecked(call, PlatformBusy, OutcomeUnknown)

    async def read(self, ts: str) -> str | None:
        """The letters that a message shows; None where it can't be read."""
        return await self._patiently(lambda: message_at(self._api, self._place, ts))

    async def find(self, text: str, known: Collection[str], *, exactly: bool) -> str | None:
        """Look for a stream whose id was lost with the answer to its start."""
        return await self._patiently(
            lambda: stream_like(self._api, self._place, text, known, exactly=exactly)
        )

    async def find_post(self, delivery: Delivery) -> str | None:
        return await self._patiently(lambda: self._posts.find(delivery, ""))

    async def _write(self, method: str, ts: str, **arguments: Any) -> None:
        try:
            await self._api.write(method, once=True, channel=self._place.channel, ts=ts, **arguments)
        except PlaceClosed as exc:
            if exc.code in NO_STREAM_ANY_MORE:
                self._streams.ended(ts)
            raise
        if method == "chat.stopStream":
            self._streams.ended(ts)

    async def _patiently(self, call: Callable[[], Awaitable[T]], *retry: type[PlatformError]) -> T:
        async def checked() -> T:
            await self._ledger.check()
            return await call()

        return await self._unchecked(checked, *retry)

    async def _unchecked(self, call: Callable[[], Awaitable[T]], *retry: type[PlatformError]) -> T:
        return await patiently(
            call,
            budget_s=_LAST_BUDGET_S if self._hurried else _BUDGET_S,
            retry=retry or (PlatformBusy,),
            now=self._now,
            sleep=self._sleep,
        )
