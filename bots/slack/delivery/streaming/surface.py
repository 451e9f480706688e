"""One answer, shown by Slack's native streams: one stream follows another until all of it is said.

Where a stream is refused, or Slack is too busy for one, the rest of the answer is posted and edited instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import structlog

from bots.slack.delivery.markup_out import safe
from bots.slack.delivery.streaming.chunk import Ending, next_piece
from bots.slack.delivery.streaming.growing_text import GrowingText
from bots.slack.delivery.streaming.streams import LAST_AGE_S, MOST_AGE_S, Piece, Stream
from bots.slack.delivery.streaming.writer import NoStreamError, StreamWriter
from bots.slack.transport.fair_interval import Share
from core.delivery.pacing import Pace
from core.domain.errors import Fenced, OutcomeUnknown, PlatformBusy
from core.domain.messages import Apology, Button, Footer, Status
from core.domain.ports import ReplySurface
from core.util.clock import Now, Sleep

log = structlog.get_logger(__name__)

_REST_WHEN_BUSY_S = 10.0
_LEAVE_WITHIN_S = 3.0
_STATUS_CHARS = 100


class StreamingSurface:
    """A `ReplySurface` over native streams.

    A task of its own brings the text to Slack, as often as the workspace's other answers leave it. What went wrong
    in it is raised by the next call, `finish` and `fail` at the latest.

    Raises:
        Fenced, PlaceClosed, FrontendRefused: from every call.
        PlatformBusy, OutcomeUnknown: from `finish` and `fail` only.
    """

    def __init__(
        self,
        writing: StreamWriter,
        *,
        instead: Callable[[Stream], ReplySurface],
        sign: Callable[[str], Awaitable[None]],
        share: Share,
        now: Now,
        sleep: Sleep,
    ) -> None:
        """`instead` makes the surface that goes on where streams are refused; `sign` shows a line above the text;
        `share` is this answer's part of what may be appended in the workspace."""
        self._writing = writing
        self._instead = instead
        self._sign = sign
        self._sleep = sleep
        self._share = share
        self._pace = Pace(lambda: share.interval_s, now=now, sleep=share.sleep)
        self._answer = GrowingText()
        self._status: str | None = "…"
        self._ending: Ending | None = None
        self._stirred = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._leaving = False
        self._other: ReplySurface | None = None
        self._offered: tuple[Button, ...] = ()
        self._raised: BaseException | None = None
        self._pump: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self._share.begin()
        self._pump = asyncio.create_task(self._bring_everything())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._other is None and not isinstance(error, Fenced):
                await self._leave()
        finally:
            self._share.end()
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if self._other is not None:
            await self._other.__aexit__(kind, error, trace)
        problem = None if self._pump.cancelled() else self._pump.exception()
        if problem is None or problem is self._raised:
            return
        if error is None:
            raise problem
        log.warning("slack.answer_not_shown", exc_info=problem)

    async def write(self, delta: str) -> None:
        self._raise_what_went_wrong()
        self._require_open()
        if delta.strip():
            self._status = None
        if self._other is not None:
            await self._other.write(delta)
            return
        self._answer.add(delta)
        self._stirred.set()

    async def note(self, status: Status) -> None:
        self._raise_what_went_wrong()
        if self._other is not None:
            await self._other.note(status)
            return
        self._writing.cards.note(status)
        if status.activity is None and not self._answer.said:
            self._status = status.text
        self._stirred.set()

    async def offer(self, buttons: Sequence[Button]) -> None:
        """A stream has no buttons before its end; Slack draws a stop button of its own."""
        self._raise_what_went_wrong()
        self._offered = tuple(buttons)
        if self._other is not None:
            await self._other.offer(buttons)

    async def pause(self) -> None:
        self._raise_what_went_wrong()
        if self._other is None:
            self._hurry()
            self._at_rest.clear()
            self._stirred.set()
            await self._first(self._at_rest.wait(), asyncio.wait([self._pump]))
            self._raise_what_went_wrong()
        if self._other is not None:
            await self._other.pause()

    async def finish(self, footer: Footer) -> None:
        await self._end(Ending(footer=footer.text, buttons=footer.buttons))
        if self._other is not None:
            await self._other.finish(footer)

    async def fail(self, apology: Apology) -> None:
        await self._end(Ending(apology=apology.text.strip(), buttons=apology.buttons))
        if self._other is not None:
            await self._other.fail(apology)

    async def _end(self, ending: Ending) -> None:
        self._raise_what_went_wrong()
        self._require_open()
        self._status, self._ending = None, ending
        self._writing.hurry()
        self._hurry()
        self._stirred.set()
        await asyncio.wait([self._pump])  # unlike awaiting it, this leaves it alone when cancelled
        self._raise_what_went_wrong()

    def _hurry(self) -> None:
        self._share.hurry()
        self._pace.hurry()

    def _require_open(self) -> None:
        if self._ending is not None:
            raise RuntimeError("the answer is closed")

    def _raise_what_went_wrong(self) -> None:
        if not self._pump.done():
            return
        try:
            self._pump.result()
        except BaseException as exc:
            self._raised = exc
            raise

    async def _bring_everything(self) -> None:
        await self._writing.end_earlier()
        while True:
            self._stirred.clear()
            await self._show_status()
            try:
                if await self._bring():
                    return
            except (PlatformBusy, OutcomeUnknown) as exc:
                if self._ending is not None:
                    raise
                log.debug("slack.stream_delayed", code=exc.code)
                self._pace.rest(exc.retry_after_s or _REST_WHEN_BUSY_S)
                self._stirred.set()
            if not self._stirred.is_set():
                self._at_rest.set()
            await self._wait()

    async def _bring(self) -> bool:
        """Bring what is due; True when nothing more will be."""
        if not await self._writing.take_up(self._answer.text, whole=self._ending is not None):
            return False
        while self._next() is not None and not self._writing.silenced:
            if self._ending is None:
                await self._pace.wait()
            if (piece := self._next()) is None:  # the freshest: more may have come meanwhile
                break
            try:
                done = await self._writing.put(piece)
            except NoStreamError:
                await self._hand_over()
                return True
            self._pace.called()
            if done and piece.final:
                return True
        return self._ending is not None or self._writing.silenced

    def _next(self) -> Piece | None:
        writing = self._writing
        if self._leaving and not writing.stream.ts:
            return None
        return next_piece(writing.stream, self._answer.text, writing.cards, writing.age_s, self._ending)

    async def _hand_over(self) -> None:
        """Go on by post-and-edit, from where the streams end."""
        stream = self._writing.stream
        other = self._instead(stream)
        self._share.end()
        await other.__aenter__()
        self._other = (
            other  # from here on `write` brings its text there itself: nothing below may wait for Slack
        )
        rest = self._answer.text[stream.at :]
        await other.offer(self._offered)
        if rest:
            await other.write((stream.seed if rest.strip() else "") + rest)

    async def _show_status(self) -> None:
        status, self._status = self._status, None
        if status is not None and not self._writing.stream.ts and not self._answer.said:
            await self._sign(safe(" ".join(status.split()))[:_STATUS_CHARS])

    async def _wait(self) -> None:
        """Return when something changed, or when the open stream grows too old."""
        age_s = self._writing.age_s
        marks = [mark - age_s for mark in (MOST_AGE_S, LAST_AGE_S) if mark > age_s]
        if self._writing.stream.ts and marks:
            await self._first(self._stirred.wait(), self._sleep(marks[0]))
        else:
            await self._stirred.wait()

    async def _first(self, *waits: Awaitable[object]) -> None:
        tasks = [asyncio.ensure_future(each) for each in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _leave(self) -> None:
        """End an open stream: one that nobody ends goes on showing as being written."""
        self._leaving = True
        self._ending = self._ending or Ending()
        self._hurry()
        self._stirred.set()
        await asyncio.wait([self._pump], timeout=_LEAVE_WITHIN_S)
