"""The streams of one answer, in Slack and in the ledger: started, fed, ended, and taken up again.

An intent is recorded before a stream is started, its id right after, and how far it shows the answer after each call.
After a lost answer, a call that must not be made twice is looked up in the thread first.
"""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.delivery.messages import letters, shown_up_to
from bots.slack.delivery.streaming.calls import StreamCalls
from bots.slack.delivery.streaming.streams import (
    MISSING_SCOPE,
    NO_STREAM_ANY_MORE,
    OVER,
    STOPPED_BY_USER,
    TAKES_NO_MORE,
    UNKNOWN_TO_SLACK,
    Chunk,
    Piece,
    Stream,
)
from bots.slack.delivery.streaming.task_cards import Cards
from bots.slack.transport.error_mapping import REFUSALS
from core.domain import (
    Delivery,
    Fenced,
    MessageRefused,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
)
from core.util.clock import Now
from core.util.log import log


class NoStreamError(Exception):
    """Slack gives this answer no (further) stream: the rest of it is to be posted."""


class StreamWriter:
    """Brings pieces into streams, one stream at a time."""

    def __init__(self, calls: StreamCalls, now: Now) -> None:
        self.stream = Stream(part=0)
        self.cards = Cards()
        self.stopped_by_reader = False
        """Whether the reader pressed Slack's own stop button."""
        self._calls = calls
        self._ledger = calls.ledger
        self._now = now
        self._posted = [each for each in self._ledger.earlier if each.message_id]
        self._known = {each.message_id for each in self._posted}
        self._uncertain = {each.part for each in self._ledger.earlier if not each.message_id}
        self._resumed = not self._ledger.earlier
        self._started = False
        """Whether a stream was asked for."""

    def hurry(self) -> None:
        """The answer is all there: be as patient with Slack as it takes."""
        self._calls.hurried = True

    @property
    def untouched(self) -> bool:
        """Whether nothing of the answer can stand in Slack, by this attempt or an earlier one."""
        return not self._ledger.earlier and not self._started

    @property
    def age_s(self) -> float:
        return self._now() - self.stream.began if self.stream.ts else 0.0

    async def stop_earlier(self) -> None:
        """Stop the streams that an earlier attempt left open: they go on showing as being written."""
        for each in self._posted:
            if not each.closed:
                await self._calls.stop_if_open(each.message_id)

    async def resume(self, answer: str, *, whole: bool) -> bool:
        """Go on where an earlier attempt ended; False while the answer has not come that far again."""
        if self._resumed:
            return True
        current = [each for each in self._posted if each.generation == self._ledger.generation]
        if not whole and len(answer) < max((each.shown for each in current), default=1):
            return False
        if answer.strip():  # another text is being written: what shows the old one goes
            for each in reversed([each for each in self._posted if each not in current]):
                await self._calls.delete(each.message_id)
                await self._ledger.forget(each.part)
            self._posted = current
        at = min(len(answer), await self._shown_by(current, answer)) if current else 0
        part = max((each.part + 1 for each in self._posted), default=0)
        self.stream = Stream(part, base=at, at=at, before=answer[:at])
        self._resumed = True
        return True

    async def put(self, piece: Piece) -> bool:
        """Bring a piece to Slack; False when it has to be brought again, perhaps into another stream.

        Raises:
            NoStreamError: Slack starts no stream; the answer from `stream.at` on is still to be shown.
            Fenced, PlaceClosed, FrontendRefused, PlatformBusy, OutcomeUnknown.
        """
        chunks, after = self.stream.with_piece(piece)
        if not self.stream.ts:
            await self._start(chunks, after)
            done = await self._stop([], after, piece) if piece.last else True
        elif piece.final and chunks and self._calls.stops_are_scarce:
            done = await self._append(chunks, after, piece) and await self._stop([], after, piece)
        elif piece.last:
            done = await self._stop(chunks, after, piece)
        else:
            done = await self._append(chunks, after, piece)
        if done:
            self.cards.drawn(piece.cards)
        return done

    async def _start(self, chunks: list[Chunk], after: Stream) -> None:
        if not self._calls.streams.known:
            raise NoStreamError
        delivery = await self._ledger.intend(after.part)
        if after.part in self._uncertain:
            await self._calls.remove_orphan(delivery, after.text, self._known)
            self._uncertain.discard(after.part)
        after.began = self._now()
        self._started = True
        try:
            ts = await self._calls.start(chunks, self._known)
        except PlatformBusy as exc:
            raise NoStreamError from exc
        except OutcomeUnknown:
            self._uncertain.add(after.part)  # looked for once more before another one is started
            raise
        except REFUSALS as exc:
            if exc.code in UNKNOWN_TO_SLACK:
                self._calls.streams.known = False
            elif isinstance(exc, PlaceClosed) and exc.code != MISSING_SCOPE:
                raise
            raise NoStreamError from exc
        try:
            await self._ledger.posted(after.part, ts, after.shown)
        except Fenced:
            await self._calls.withdraw(ts)
            raise
        self._known.add(ts)
        after.ts, self.stream = ts, after

    async def _append(self, chunks: list[Chunk], after: Stream, piece: Piece) -> bool:
        try:
            await self._calls.append(self.stream.ts, chunks)
        except OutcomeUnknown:
            if not await self._was_appended(after, piece):
                return False
        except REFUSALS as exc:
            await self._refused(exc)
            return False
        self.stream = after
        await self._ledger.shows(after.part, after.shown)
        return True

    async def _stop(self, chunks: list[Chunk], after: Stream, piece: Piece) -> bool:
        """End the stream. One that had ended before lost nothing where no text was left to append, or where it was
        ended by a call that brought the text and was never answered."""
        stream, was_unsure = self.stream, self.stream.ts in self._calls.unsure
        try:
            await self._calls.stop(stream.ts, chunks, list(piece.blocks))
        except REFUSALS as exc:
            is_over = exc.code in OVER
            if not is_over or (chunks and not (was_unsure and await self._was_appended(after, piece))):
                if self.stream is stream:
                    await self._refused(exc)
                return False
        await self._next(after, after.at, after.text)
        return True

    async def _refused(self, error: PlaceClosed | MessageRefused) -> None:
        """Leave a stream that takes nothing more, and never open: what it did not take is still to be shown.

        Raises:
            NoStreamError: Slack does not take what was to go in: it is to be posted.
            PlaceClosed: nothing can be written there.
        """
        if error.code == STOPPED_BY_USER:
            self.stopped_by_reader = True
        elif error.code in UNKNOWN_TO_SLACK:  # switched off while it was written: the rest is posted
            self._calls.streams.known = False
        is_over = error.code in NO_STREAM_ANY_MORE or await self._calls.stop_if_open(self.stream.ts)
        if isinstance(error, PlaceClosed) and error.code not in OVER:
            raise error
        if is_over:
            await self._next(self.stream, self.stream.shown, self.stream.shown_text)
        else:
            await self._rewrite()
        if error.code not in NO_STREAM_ANY_MORE | TAKES_NO_MORE | UNKNOWN_TO_SLACK:
            raise NoStreamError from error

    async def _next(self, ended: Stream, at: int, text: str) -> None:
        await self._ledger.shows(ended.part, at, closed=True)
        self.stream = ended.following(at, text)
        self.cards.begin_again()

    async def _was_appended(self, after: Stream, piece: Piece) -> bool:
        """Find out whether the text was appended by reading the message; where that is unclear, replace the message."""
        if not piece.text.strip():
            return True  # a card that stands still is no harm
        before, expected = letters(self.stream.wire), letters(after.wire)
        try:
            seen = await self._calls.read(self.stream.ts)
        except (
            PlatformBusy,
            OutcomeUnknown,
        ):  # not to be read for a while; to append it again may say it twice
            seen = None
        if seen == expected != before:
            return True
        if seen != before or before == expected:
            await self._rewrite()
        return False

    async def _rewrite(self) -> None:
        stream = self.stream
        await self._calls.stop_if_open(stream.ts)
        try:
            await self._calls.delete(stream.ts)
        except PlatformError as exc:
            log.warning("slack.partial_message_stays", code=exc.code)
            await self._next(stream, stream.shown, stream.shown_text)
            return
        await self._ledger.forget(stream.part)
        self.stream = Stream(
            stream.part, base=stream.base, at=stream.base, seed=stream.seed, before=stream.before
        )
        self.cards.begin_again()

    async def _shown_by(self, current: Sequence[Delivery], answer: str) -> int:
        """How far the answer is shown: where the process died between an append and its record, Slack knows.

        A message of which nobody knows what it shows, since the process died when it had just begun it, is removed.
        """
        last = current[-1]
        if last.closed:
            return last.shown
        start = current[-2].shown if len(current) > 1 else 0
        seen = await self._calls.read(last.message_id)
        exact = None if seen is None else shown_up_to(seen, answer, start)
        if exact is None and last.shown <= start and answer.strip():
            await self._calls.delete(last.message_id)
            await self._ledger.forget(last.part)
            self._posted.remove(last)
            return start
        shown = last.shown if exact is None else exact
        await self._ledger.shows(last.part, shown, closed=True)
        return shown
