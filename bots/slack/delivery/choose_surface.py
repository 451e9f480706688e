"""Which surface an answer is shown on: a native stream, posts that are edited, or an ephemeral message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from bots.slack.delivery.channel import SlackChannel, WorkSigns
from bots.slack.delivery.ephemeral import EphemeralChannel, ResponseUrlChannel
from bots.slack.delivery.home import HomePage
from bots.slack.delivery.markup_out import DIALECT
from bots.slack.delivery.streaming.calls import StreamCalls
from bots.slack.delivery.streaming.streams import Stream, Streams
from bots.slack.delivery.streaming.surface import StreamingSurface
from bots.slack.delivery.streaming.writer import StreamWriter
from bots.slack.delivery.unreachable import DirectMessages
from bots.slack.events.address import Address
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from core.delivery.editing_surface import EditingSurface
from core.delivery.forwarding import TidySurface, UnreachableSurface
from core.delivery.pacing import FIRST_WORDS_AFTER_S, Pace
from core.domain import Delivery, Ledger, ReplySurface
from core.i18n import Translators
from core.util.clock import Now

_APPEND_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredWorkspace:
    """One workspace as answers see it: calls with its token, and what it refused before."""

    api: SlackApi
    people: People
    work_signs: WorkSigns
    streams: Streams


class SurfaceChooser:
    """Opens places to answer in."""

    def __init__(
        self, translators: Translators, now: Now, first_words_after_s: float = FIRST_WORDS_AFTER_S
    ) -> None:
        """`first_words_after_s`: how long the first words of an answer are held."""
        self._direct = DirectMessages(translators, now)
        self._first_words_after_s = first_words_after_s

    def surface(self, place: Address, there: AnsweredWorkspace, ledger: Ledger) -> ReplySurface:
        """Answer by a native stream in direct messages, by post-and-edit elsewhere, as the settings say."""
        api = there.api
        if place.home:
            return HomePage(api, place, ledger)
        editing = self._editing(api)
        if place.ephemeral:
            kind = ResponseUrlChannel if place.reply else EphemeralChannel
            return _edited(api, kind(api, place, there.work_signs, editing), ledger, editing)
        channel = SlackChannel(api, place, there.work_signs, editing)
        streamed = not place.calls and there.streams.possible(place, api.app.settings)
        resumed = ledger.resumed

        async def clear_status() -> None:
            if resumed:  # an earlier attempt, in whatever process, may have shown one
                await there.work_signs.show(place, "")

        tidy = TidySurface(
            self._streamed(place, there, ledger, channel, editing)
            if streamed
            else _edited(api, channel, ledger, editing),
            at_beginning=partial(there.work_signs.unmark, place, always=resumed),
            at_end=clear_status,
        )
        return UnreachableSurface(tidy, partial(self._direct.tell, api, there.people, place))

    def _streamed(
        self,
        place: Address,
        there: AnsweredWorkspace,
        ledger: Ledger,
        channel: SlackChannel,
        editing: Pace,
    ) -> ReplySurface:
        api = there.api

        def fallback(stream: Stream, whole: bool) -> ReplySurface:
            if whole:
                channel.leave_unsigned()
            rest = LedgerOffset(ledger, stream.part, stream.at, stream.seed)
            return _edited(api, channel, rest, editing)

        return StreamingSurface(
            StreamWriter(StreamCalls(api, place, channel, ledger, there.streams), api.app.now),
            fallback=fallback,
            fits_post=lambda text: channel.size(text) <= channel.max_size,
            sign=partial(there.work_signs.show, place),
            pace=Pace(
                lambda: _APPEND_EVERY_S,
                rate=api.rate_limits.streaming,
                first_words_after_s=self._first_words_after_s,
                now=api.app.now,
                sleep=api.app.sleep,
            ),
            sleep=api.app.sleep,
        )

    def _editing(self, api: SlackApi) -> Pace:
        return Pace(
            lambda: SlackChannel.edit_interval_s,
            rate=api.rate_limits.editing,
            may_begin=api.rate_limits.may_begin,
            first_words_after_s=self._first_words_after_s,
            now=api.app.now,
            sleep=api.app.sleep,
        )


def _edited(api: SlackApi, channel: SlackChannel, ledger: Ledger, pace: Pace) -> ReplySurface:
    return EditingSurface(channel, ledger, pace, dialect=DIALECT, now=api.app.now, sleep=api.app.sleep)


@dataclass(frozen=True, slots=True)
class LedgerOffset:
    """A `Ledger` for the rest of an answer that began as a stream and goes on as posts."""

    ledger: Ledger
    part: int
    """The first part of the rest."""
    at: int
    """Where in the text it begins."""
    opening: str
    """A line that it begins with, and that is no part of the answer."""

    @property
    def earlier(self) -> Sequence[Delivery]:
        """Messages that an earlier attempt may have posted there; those with a known id belong to the first surface."""
        return [
            replace(each, part=each.part - self.part, shown=0, generation=self.ledger.generation)
            for each in self.ledger.earlier
            if each.part >= self.part and not each.message_id
        ]

    @property
    def resumed(self) -> bool:
        return self.ledger.resumed

    @property
    def generation(self) -> int:
        return self.ledger.generation

    async def intend(self, part: int) -> Delivery:
        delivery = await self.ledger.intend(part + self.part)
        return replace(delivery, part=part)

    async def posted(
        self, part: int, message_id: str, shown: int | None = None, *, closed: bool = False
    ) -> None:
        at = None if shown is None else self._offset(shown)
        await self.ledger.posted(part + self.part, message_id, at, closed=closed)

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        await self.ledger.shows(part + self.part, self._offset(shown), closed=closed)

    def _offset(self, shown: int) -> int:
        return self.at + max(0, shown - len(self.opening))

    async def forget(self, part: int) -> None:
        await self.ledger.forget(part + self.part)

    async def check(self) -> None:
        await self.ledger.check()

    async def holds(self, message_id: str) -> bool:
        return await self.ledger.holds(message_id)

    async def spoiled(self, message_id: str) -> None:
        await self.ledger.spoiled(message_id)
