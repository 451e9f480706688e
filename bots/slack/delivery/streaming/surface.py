"""One answer, shown by Slack's native streams: one stream follows another until all of it is said.

A short one that is whole before anything of it is shown is posted: that is one call, of which Slack allows many more.
Where a stream is refused, or Slack is too busy for one, the rest of the answer is posted and edited.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from bots.slack.delivery.markup_out import disarmed
from bots.slack.delivery.streaming.chunk import Ending, next_piece
from bots.slack.delivery.streaming.streams import LAST_AGE_S, MOST_AGE_S, Piece, Stream
from bots.slack.delivery.streaming.writer import NoStreamError, StreamWriter
from core.delivery.pacing import Pace
from core.delivery.pump import Pump
from core.domain import Apology, Button, Fenced, Footer, OutcomeUnknown, PlatformBusy, ReplySurface, Status
from core.util.clock import Sleep
from core.util.log import log
from core.util.tasks import first_done

_REST_WHEN_BUSY_S = 10.0
_LEAVE_WITHIN_S = 3.0
_STATUS_CHARS = 100


class GrowingText:
    """An answer so far. It grows by many small pieces, put together only when somebody reads it: so it costs what it
    is long."""

    def __init__(self) -> None:
        self.said = False
        """Whether anything visible is in it."""
        self._fed: list[str] = []

    def add(self, delta: str) -> None:
        """Add to its end."""
        self._fed.append(delta)
        self.said = self.said or bool(delta.strip())

    @property
    def text(self) -> str:
        """All of it."""
        self._fed = ["".join(self._fed)]
        return self._fed[0]


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
        writer: StreamWriter,
        *,
        fallback: Callable[[Stream, bool], ReplySurface],
        sign: Callable[[str], Awaitable[None]],
        fits_post: Callable[[str], bool],
        pace: Pace,
        sleep: Sleep,
    ) -> None:
        """`fallback` makes the surface that goes on by posts, and is told whether the answer is whole; `fits_post`
        tells whether one post holds a text; `sign` shows a line above the text; `pace` tells when the next append may
        go out."""
        self._writer = writer
        self._make_fallback = fallback
        self._fits_post = fits_post
        self._sign = sign
        self._sleep = sleep
        self._pace = pace
        self._answer = GrowingText()
        self._status: str | None = "…"
        self._ending: Ending | None = None
        self._pump = Pump(self._show_everything)
        self._leaving = False
        self._fallback: ReplySurface | None = None
        self._offered: tuple[Button, ...] = ()

    async def __aenter__(self) -> Self:
        self._pump.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._fallback is None and not isinstance(error, Fenced):
                await self._leave()
        finally:
            self._pace.end()
            try:
                await self._pump.stop(error)
            finally:
                if self._fallback is not None:
                    await self._fallback.__aexit__(kind, error, trace)

    async def write(self, delta: str) -> None:
        self._require_open()
        if delta.strip():
            self._status = None
            self._pace.spoke()
        if self._fallback is not None:
            await self._fallback.write(delta)
        else:
            self._answer.add(delta)
            self._pump.changed.set()

    async def note(self, status: Status) -> None:
        self._pump.check()
        if self._fallback is not None:
            await self._fallback.note(status)
        else:
            self._writer.cards.note(status)
            self._pace.noted()
            if status.activity is None and not self._answer.said:
                self._status = status.text
            self._pump.changed.set()

    async def offer(self, buttons: Sequence[Button]) -> None:
        """A stream has no buttons before its end; Slack draws a stop button of its own."""
        self._pump.check()
        self._offered = tuple(buttons)
        if self._fallback is not None:
            await self._fallback.offer(buttons)

    async def pause(self) -> None:
        self._pump.check()
        if self._fallback is None:
            self._pace.hurry()
            await self._pump.until_idle()
        if self._fallback is not None:
            await self._fallback.pause()

    async def finish(self, footer: Footer) -> None:
        await self._end(Ending(footer=footer.text, buttons=footer.buttons))
        if self._fallback is not None:
            await self._fallback.finish(footer)

    async def fail(self, apology: Apology) -> None:
        await self._end(Ending(apology=apology.text.strip(), buttons=apology.buttons))
        if self._fallback is not None:
            await self._fallback.fail(apology)

    async def _end(self, ending: Ending) -> None:
        self._require_open()
        self._status, self._ending = None, ending
        self._writer.hurry()
        self._pace.hurry()
        await self._pump.until_done()
        self._pump.check()

    def _require_open(self) -> None:
        self._pump.check()
        if self._ending is not None:
            raise RuntimeError("the answer is closed")

    async def _show_everything(self) -> None:
        await self._writer.stop_earlier()
        while True:
            self._pump.changed.clear()
            await self._show_status()
            hurried = self._ending is not None
            try:
                if await self._show_due():
                    return
            except (PlatformBusy, OutcomeUnknown) as exc:
                if hurried:  # else it was not tried for as long as the end of an answer is
                    raise
                log.debug("slack.stream_delayed", code=exc.code)
                self._pump.changed.set()
                self._pace.called()
                self._pace.rest(exc.retry_after_s or _REST_WHEN_BUSY_S)
                await self._pace.wait()
            if not self._pump.changed.is_set():
                self._pump.idle.set()
            await self._wait()

    async def _show_due(self) -> bool:
        """Bring what is due; True when nothing more will be."""
        if not await self._writer.resume(self._answer.text, whole=self._ending is not None):
            return False
        while self._next() is not None and not self._writer.stopped_by_reader:
            if self._ending is None:
                await self._pace.wait()
            if (piece := self._next()) is None:  # the freshest: more may have come meanwhile
                break
            if self._is_whole_at_first(piece):
                await self._hand_over()
                return True
            try:
                done = await self._writer.put(piece)
            except NoStreamError:
                await self._hand_over()
                return True
            self._pace.called()
            if done and piece.final:
                return True
        return self._ending is not None or self._writer.stopped_by_reader

    def _is_whole_at_first(self, piece: Piece) -> bool:
        """Whether one post shows all of the answer, and nothing of it is shown yet, in whichever process."""
        footer = self._ending.footer if self._ending is not None else ""
        return (
            piece.final
            and not self._leaving
            and not piece.cards
            and self._writer.untouched
            and self._fits_post(f"{piece.text}\n\n_{footer}_\n\n{piece.below}")
        )

    def _next(self) -> Piece | None:
        writer = self._writer
        if self._leaving and not writer.stream.ts:
            return None
        writer.stream.look_ahead(self._answer.text)
        return next_piece(writer.stream, self._answer.text, writer.cards, writer.age_s, self._ending)

    async def _hand_over(self) -> None:
        """Go on by post-and-edit, from where the streams end."""
        stream = self._writer.stream
        stream.look_ahead(self._answer.text)
        if stream.seed and not stream.seed.endswith("\n"):  # a mark counts only beside a word
            rest = self._answer.text[stream.at :]
            stream = replace(stream, at=stream.at + len(rest) - len(rest.lstrip()))
        fallback = self._make_fallback(stream, self._ending is not None)
        self._pace.end()
        await fallback.__aenter__()
        # from here on `write` brings its text there itself: nothing below may wait for Slack
        self._fallback = fallback
        rest = self._answer.text[stream.at :]
        await fallback.offer(self._offered)
        if rest:
            await fallback.write((stream.seed if rest.strip() else "") + rest)

    async def _show_status(self) -> None:
        status, self._status = self._status, None
        if status is not None and not self._writer.stream.ts and not self._answer.said:
            await self._sign(disarmed(" ".join(status.split()))[:_STATUS_CHARS])

    async def _wait(self) -> None:
        """Return when something changed, or when the open stream grows too old."""
        age_s = self._writer.age_s
        marks = [mark - age_s for mark in (MOST_AGE_S, LAST_AGE_S) if mark > age_s]
        aging = [self._sleep(marks[0])] if self._writer.stream.ts and marks else []
        await first_done(self._pump.changed.wait(), *aging)

    async def _leave(self) -> None:
        """End an open stream: Slack shows one that is not ended as still being written."""
        self._leaving = True
        self._ending = self._ending or Ending()
        self._pace.hurry()
        await self._pump.until_done(_LEAVE_WITHIN_S)
