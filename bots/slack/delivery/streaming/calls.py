"""The calls that an answer's streams are made of: each checks the ledger first, and is retried while Slack is busy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bots.slack.delivery.channel import SlackChannel
from bots.slack.delivery.markup_out import safe
from bots.slack.delivery.messages import message_at, stream_like
from bots.slack.delivery.streaming.streams import (
    NO_STREAM_ANY_MORE,
    NOT_STREAMING,
    TAKES_NO_MORE,
    UNKNOWN_TO_SLACK,
    Chunk,
    Streams,
)
from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import REFUSALS
from core.delivery.platform_retry import patiently
from core.domain import Delivery, Ledger, MessageRefused, OutcomeUnknown, PlatformBusy, PlatformError
from core.util.log import log

T = TypeVar("T")

_BUDGET_S = 20.0
_LAST_BUDGET_S = 90.0
_NOTICED_S = 2.0
_LOOK_AGAIN_S = 1.0
_MOST_STARTS = 3
_NOT_THE_BLOCKS = NO_STREAM_ANY_MORE | TAKES_NO_MORE | UNKNOWN_TO_SLACK


@dataclass(slots=True, eq=False)
class StreamCalls:
    """Slack's stream methods at one place, for one answer."""

    api: SlackApi
    place: Address
    posts: SlackChannel
    ledger: Ledger
    streams: Streams
    hurried: bool = False
    """Whether to retry for longer, and before other answers: this one is all there."""
    unsure: set[str] = field(default_factory=set)
    """The streams of which nobody knows whether they were stopped, and took what came with that."""

    async def start(self, chunks: list[Chunk], known: Collection[str]) -> str:
        """Start a stream, now or not at all; after a lost answer it is looked for in the thread first.

        Raises:
            PlatformBusy: not now.
            OutcomeUnknown: it may have been started; where it could be looked for, Slack is too busy.
        """
        text = "".join(chunk.get("text", "") for chunk in chunks)
        for left in reversed(range(_MOST_STARTS)):
            try:
                ts = await self._start(chunks)
            except OutcomeUnknown as unknown:
                await self.api.app.sleep(_LOOK_AGAIN_S)
                try:
                    ts = await self._find(text, known, exactly=True)
                except PlatformBusy:
                    raise unknown from None
                if not (ts or left):
                    raise
            if ts is not None:
                self.streams.opened(ts)
                return ts
        raise AssertionError("the last try returns or raises")

    async def _start(self, chunks: list[Chunk]) -> str | None:
        """Call once, and only where the stream's stop can be paid too."""
        await self.ledger.check()
        if not self.streams.may_open():
            raise PlatformBusy(PLATFORM, code="too_many_streams")
        self.streams.opened(self)
        try:
            answer = await self.api.write(
                "chat.startStream",
                once=True,
                channel=self.place.channel,
                thread_ts=self.place.thread,
                recipient_user_id=None if self.place.direct else self.place.user,
                recipient_team_id=None if self.place.direct else self.place.user_team,
                chunks=chunks,
                task_display_mode="timeline",
            )
        finally:
            self.streams.ended(self)
        return text_of(answer, "ts")

    async def append(self, ts: str, chunks: list[Chunk]) -> None:
        await self._patiently(
            lambda: self._write("chat.appendStream", ts, chunks=chunks, urgent=self.hurried)
        )

    @property
    def stops_are_scarce(self) -> bool:
        """Whether a reader would notice how long a stop waits for its turn."""
        return self.api.rate_limits.wait_s("chat.stopStream") > _NOTICED_S

    async def stop(self, ts: str, chunks: list[Chunk], blocks: list[dict[str, Any]]) -> None:
        """Bring a stream's last chunks and end it.

        A second stop is refused, so one whose outcome is unknown is tried again: refused then, it had been done.
        Where Slack does not take the blocks, the stream ends without them.
        """
        unsure = False

        async def stop() -> None:
            nonlocal unsure, blocks
            try:
                await self._write("chat.stopStream", ts, chunks=chunks or None, blocks=blocks or None)
            except OutcomeUnknown:
                unsure = True
                self.unsure.add(ts)
                raise
            except REFUSALS as exc:
                if blocks and isinstance(exc, MessageRefused) and exc.code not in _NOT_THE_BLOCKS:
                    log.warning("slack.blocks_refused", code=exc.code)
                    blocks = []
                    await stop()
                elif not unsure or exc.code != NOT_STREAMING:
                    raise

        await self._patiently(stop, PlatformBusy, OutcomeUnknown)

    async def stop_if_open(self, ts: str) -> bool:
        """End a stream if it is one and still open; false where it goes on, for all we know."""
        try:
            await self._patiently(lambda: self._write("chat.stopStream", ts), PlatformBusy, OutcomeUnknown)
        except PlatformError as exc:
            log.debug("slack.stream_not_stopped", code=exc.code)
            return exc.code in NO_STREAM_ANY_MORE
        return True

    async def delete(self, ts: str) -> None:
        await self._patiently(lambda: self.posts.delete(ts), PlatformBusy, OutcomeUnknown)

    async def withdraw(self, ts: str) -> None:
        """Remove a stream that this process started after it slept through being taken over."""
        if await self.ledger.holds(ts):
            return
        for call in (lambda: self._write("chat.stopStream", ts), lambda: self.posts.delete(ts)):
            with suppress(PlatformError):
                await self._patiently(call, PlatformBusy, OutcomeUnknown, fenced=True)

    async def read(self, ts: str) -> str | None:
        """The letters that a message shows; None where it can't be read."""
        return await self._patiently(lambda: message_at(self.api, self.place, ts))

    async def remove_orphan(self, delivery: Delivery, text: str, known: Collection[str]) -> None:
        """Remove what an earlier attempt may have created for this part: a post, or a stream that begins like it."""
        found = await self._patiently(lambda: self.posts.find(delivery, ""))
        if found := found or await self._find(safe(text), known, exactly=False):
            await self.stop_if_open(found)
            await self.delete(found)

    async def _find(self, text: str, known: Collection[str], *, exactly: bool) -> str | None:
        """Look for a stream whose id was lost with the answer to its start."""
        return await self._patiently(lambda: stream_like(self.api, self.place, text, known, exactly=exactly))

    async def _write(self, method: str, ts: str, **arguments: Any) -> None:
        try:
            await self.api.write(method, once=True, channel=self.place.channel, ts=ts, **arguments)
        except REFUSALS as exc:
            if exc.code in NO_STREAM_ANY_MORE:
                self.streams.ended(ts)
            raise
        if method == "chat.stopStream":
            self.streams.ended(ts)

    async def _patiently(
        self, call: Callable[[], Awaitable[T]], *retry: type[PlatformError], fenced: bool = False
    ) -> T:
        """Retry a call; the ledger is asked before each try, unless it is known that this attempt is `fenced`."""
        return await patiently(
            call,
            budget_s=_LAST_BUDGET_S if self.hurried else _BUDGET_S,
            retry=retry or (PlatformBusy,),
            check=None if fenced else self.ledger.check,
            now=self.api.app.now,
            sleep=self.api.app.sleep,
        )
