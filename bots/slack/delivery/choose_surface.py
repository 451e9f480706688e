"""Which surface an answer is shown on: a native stream, posts that are edited, or an ephemeral message."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bots.slack.delivery.channel import SlackChannel, WorkSigns
from bots.slack.delivery.ephemeral import EphemeralChannel
from bots.slack.delivery.home import HomePage
from bots.slack.delivery.ledger_offset import LedgerOffset
from bots.slack.delivery.response_url import ResponseUrlChannel
from bots.slack.delivery.streaming.calls import StreamCalls
from bots.slack.delivery.streaming.streams import Stream, Streams
from bots.slack.delivery.streaming.surface import StreamingSurface
from bots.slack.delivery.streaming.writer import StreamWriter
from bots.slack.delivery.unreachable import DirectMessages
from bots.slack.events.address import Address
from bots.slack.settings import SlackSettings
from bots.slack.transport.api import SlackApi
from bots.slack.transport.fair_interval import SharedPace, SharedRate
from bots.slack.transport.people import People
from core.delivery.editing_surface import EditingSurface
from core.delivery.forwarding import TidySurface, UnreachableSurface
from core.domain.ports import Ledger, ReplySurface
from core.util.clock import Now, Sleep

_APPEND_EVERY_S = 1.0
_EDIT_EVERY_S = 3.0
"""Advice of chat.update's page."""


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredWorkspace:
    """One workspace as answers see it: calls with its token, and what it refused before."""

    api: SlackApi
    people: People
    work_signs: WorkSigns
    streams: Streams


class SurfaceChooser:
    """Opens places to answer in."""

    def __init__(self, settings: SlackSettings, direct: DirectMessages, *, now: Now, sleep: Sleep) -> None:
        self._settings = settings
        self._direct = direct
        self._now = now
        self._sleep = sleep

    def surface(self, place: Address, there: AnsweredWorkspace, ledger: Ledger) -> ReplySurface:
        """Answer by a native stream in direct messages, by post-and-edit elsewhere, as the settings say."""
        pace = self._pace(there.api.rate_limits.editing, _EDIT_EVERY_S)
        if place.home:
            return HomePage(there.api, place, ledger, now=self._now, sleep=self._sleep)
        if place.ephemeral:
            ephemeral = (ResponseUrlChannel if place.reply else EphemeralChannel)(
                there.api, place, there.work_signs, pace
            )
            return self._edited(ephemeral, ledger, pace)
        channel = SlackChannel(there.api, place, there.work_signs, pace)
        if there.streams.possible(place, self._settings):
            surface = self._streamed(place, there, ledger, channel, pace)
        else:
            surface = self._edited(channel, ledger, pace)
        resumed = ledger.resumed

        async def clear_status() -> None:
            if resumed:  # an earlier attempt, in whatever process, may have shown one
                await there.work_signs.show(place, "")

        unmark = partial(there.work_signs.unmark, place, always=resumed)
        tidy = TidySurface(surface, at_beginning=unmark, at_end=clear_status)
        return UnreachableSurface(tidy, partial(self._direct.tell, there.api, there.people, place))

    def _streamed(
        self,
        place: Address,
        there: AnsweredWorkspace,
        ledger: Ledger,
        channel: SlackChannel,
        editing: SharedPace,
    ) -> ReplySurface:
        def fallback(stream: Stream) -> ReplySurface:
            rest = LedgerOffset(ledger, part=stream.part, at=stream.at, opening=stream.seed)
            return self._edited(channel, rest, editing)

        calls = StreamCalls(
            there.api, place, channel, ledger, there.streams, now=self._now, sleep=self._sleep
        )
        writer = StreamWriter(calls, ledger, there.streams, now=self._now, sleep=self._sleep)
        return StreamingSurface(
            writer,
            fallback=fallback,
            sign=partial(there.work_signs.show, place),
            pace=self._pace(there.api.rate_limits.streaming, _APPEND_EVERY_S),
            sleep=self._sleep,
        )

    def _edited(self, channel: SlackChannel, ledger: Ledger, pace: SharedPace) -> ReplySurface:
        return EditingSurface(channel, ledger, pace, now=self._now, sleep=pace.sleep)

    def _pace(self, rate: SharedRate, least_s: float) -> SharedPace:
        return SharedPace(rate, least_s, now=self._now, sleep=self._sleep)
