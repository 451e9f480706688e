"""Which events of a room's news are to be heard: those of a gap before them, too, none before the bot's invitation."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mautrix.api import Path

from aivax_bots import Intake, MessageRefused, OddAnswer, PassedOver, PlaceClosed
from aivax_bots_matrix import NAME
from aivax_bots_matrix.backlog import News
from aivax_bots_matrix.events import Bot, Json, part, text
from aivax_bots_matrix.invitations import is_membership
from aivax_bots_matrix.rooms import events_in
from aivax_bots_matrix.wire import Wire

log = logging.getLogger(__name__)

MOST_OF_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Gaps:
    """Reads for one account what its syncs leave out."""

    wire: Wire
    intake: Intake
    bot: Bot

    async def wanted(self, room: str, news: News) -> Sequence[Json]:
        """The events of a room that are to be heard: of what was missed, only what is young enough.

        Raises `PlatformError` where the homeserver does not tell now.
        """
        events = await self._events_of(room, news)
        young = [each for each in events if not news.missed or self._is_young(each)]
        if len(young) < len(events):
            log.info("%d events of a room are too old to be answered", len(events) - len(young))
        return young

    async def _events_of(self, room: str, news: News) -> Sequence[Json]:
        """What was said since: where the sync leaves some out, that is read too; before an invitation, nothing is."""
        timeline, events = news.timeline, events_in(news.timeline)
        entered = next((at for at, event in enumerate(events) if self._enters(event)), None)
        if entered is not None:
            me = self.bot.id
            invited = (at for at, event in enumerate(events) if is_membership(event, me, "invite"))
            return events[next(invited, entered) :]
        if timeline.get("limited") is True:
            try:
                return [*await self._gap(room, news), *events]
            except (PlaceClosed, OddAnswer, MessageRefused) as error:
                log.warning("a gap in a room can't be read: %s", error)
                self.intake.passed_over(NAME, PassedOver.UNREADABLE)
        return events

    async def _gap(self, room: str, news: News) -> Sequence[Json]:
        """What the sync left out, oldest first; of what was missed, back to where a whole page is too old."""
        gap: list[Json] = []
        start = text(news.timeline, "prev_batch")
        path, most = Path.v3.rooms[room].messages, self.wire.settings.backfill_messages
        while start and len(gap) < most:
            limit = str(min(MOST_OF_A_PAGE, most - len(gap)))
            told = await self.wire.get(path, {"dir": "b", "from": start, "to": news.since, "limit": limit})
            page = events_in({"events": told.get("chunk")})
            gap += page
            # one event is as old as its sender's server claims: it says nothing of those before it
            goes_on = any(map(self._is_young, page)) if news.missed else bool(page)
            start = text(told, "end") if goes_on else ""
        return gap[::-1]

    def _is_young(self, event: Json) -> bool:
        """Whether what was missed is still answered: by the age that the homeserver tells, else by its time.

        One that tells neither is new, since the position came before it.
        """
        age_ms, said_at_ms = part(event, "unsigned").get("age"), event.get("origin_server_ts")
        if not isinstance(age_ms, int):
            age_ms = int(time.time() * 1_000) - said_at_ms if isinstance(said_at_ms, int) else 0
        return max(age_ms, 0) < self.wire.settings.backfill_hours * 3_600_000

    def _enters(self, event: Json) -> bool:
        before = text(part(part(event, "unsigned"), "prev_content"), "membership")
        return is_membership(event, self.bot.id, "join") and before != "join"
