"""What was said to the bot while it was away: read from Slack after the start, and taken in like any event.

Slack delivers for about five minutes after a failure, and not later. So, where somebody has talked with the bot before,
and in direct messages, what came since it last heard anything is read, the oldest first. Each message goes the way of
its event and has its keys: what was heard before is recognised. What the bot answered before this start, and the
database does not know of, is left out, so that an old backup of it does no harm either.

From when on a workspace is to be read is stored until that is done: a bot that is ended again and again, each time
before it got through, forgets nothing.

A reply in a thread that the bot does not know is not found, nor is a mention in a channel where nobody ever spoke with
it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from bots.slack.delivery.messages import pages
from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import Bot, list_of, moment_of, text_of
from bots.slack.features.workspaces import Workspaces
from bots.slack.transport.api import SlackApi
from bots.slack.transport.app_api import AppApi
from core.delivery.platform_retry import patiently
from core.domain import Intake, Place, PlaceClosed, PlatformError
from core.util.log import log

_MARGIN = timedelta(minutes=10)
"""Slack may still have been repeating events, older than the last one heard, when the bot went away."""
_MOST_PLACES = 200
_PAGE, _MOST_PAGES = 100, 5
_PAUSE_S = 1.3
"""Between two reads: the methods allow some fifty a minute in each workspace."""

Receive = Callable[[dict[str, Any]], Awaitable[object]]
_Span = tuple[datetime, datetime]
"""The time that is looked at: from the last event heard until this start."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A channel, a direct message, or a thread in one."""

    channel: str
    thread: str = ""
    direct: bool = False


class Backfill:
    """Finds what was missed, once each time that the bot begins to listen."""

    def __init__(self, api: AppApi, workspaces: Workspaces, intake: Intake) -> None:
        self._workspaces = workspaces
        self._intake = intake
        self._back = timedelta(hours=api.settings.backfill_hours)
        self._sleep = api.sleep
        self._now = api.clock
        self._heard: Mapping[str, datetime] = {}
        """When something was last heard in each workspace before this start."""
        self._since: Mapping[str, datetime] = {}
        """From when on each is to be read: earlier, where that was not done after an earlier start."""

    async def prepare(self) -> None:
        """Note the last event heard in each workspace; called before anything new comes in."""
        if self._back:
            self._heard = await self._intake.heard_until(PLATFORM)
            self._since = await self._intake.look_back(PLATFORM, self._heard)

    async def run(self, receive: Receive) -> None:
        """Read what came since, in all workspaces, and hand it to `receive`."""
        if not self._since:
            return
        now = self._now()
        places = await self._intake.places(PLATFORM, now - timedelta(days=30))
        for team, since in self._since.items():
            try:
                begin = max(since - _MARGIN, now - self._back)
                await self._in_workspace(team, places, (begin, now), receive)
            except PlatformError as exc:
                log.warning("slack.backfill_failed", team=team, code=exc.code)
            else:
                await self._intake.looked_back(PLATFORM, team, since)

    async def _in_workspace(self, team: str, places: Sequence[Place], span: _Span, receive: Receive) -> None:
        bot = await self._workspaces.bot_in(team)
        if bot is None:
            return
        api = self._workspaces.of(team).api
        spots = dict.fromkeys([*_spots(places, team), *await self._direct_messages(api)])
        found = 0
        for spot in list(spots)[:_MOST_PLACES]:
            try:
                missed = await self._missed(api, team, spot, span, bot)
            except PlaceClosed as exc:
                log.info("slack.backfill_failed", team=team, channel=spot.channel, code=exc.code)
                continue
            for message in missed:
                await receive(_as_event(message, team, spot))
            found += len(missed)
        log.info("slack.backfilled", team=team, since=span[0].isoformat(), messages=found)

    async def _direct_messages(self, api: SlackApi) -> list[_Spot]:
        """Those that the bot never heard anything in; none without the scope `im:read`."""
        try:
            answer = await self._read(api, "users.conversations", types="im", limit=_MOST_PLACES)
        except PlatformError as exc:
            log.info("slack.direct_messages_unlisted", code=exc.code)
            return []
        ids = (text_of(each, "id") for each in list_of(answer, "channels"))
        return [_Spot(each, direct=True) for each in ids if each]

    async def _missed(
        self, api: SlackApi, team: str, spot: _Spot, span: _Span, bot: Bot
    ) -> list[Mapping[str, Any]]:
        """The messages of other people that the bot did not answer, oldest first."""
        oldest, began = (_moment(at) for at in span)
        asked = {"channel": spot.channel, "oldest": str(oldest), "limit": _PAGE}
        found = pages(partial(self._read, api), _MOST_PAGES, thread=spot.thread, **asked)
        messages = [each async for page in found for each in page]
        begin = oldest
        if spot.thread:
            begin = max(oldest, await self._answered_until(messages, team, spot, bot, began))
        missed = {
            moment: each
            for each in messages
            if (moment := moment_of(each)) is not None
            and moment > begin
            and not each.get("bot_id")
            and (spot.thread or bot.user not in list_of(each, "reply_users"))
        }
        return [missed[moment] for moment in sorted(missed)]

    async def _answered_until(
        self, messages: Sequence[Mapping[str, Any]], team: str, spot: _Spot, bot: Bot, began: Decimal
    ) -> Decimal:
        """When the bot last said something in a thread, before this start, that the database has forgotten.

        It had heard everything up to then, and the database is a backup from before it.
        """
        heard = _moment(self._heard[team]) if team in self._heard else Decimal(0)
        ours = {
            text_of(each, "ts"): moment
            for each in messages
            if text_of(each, "user") == bot.user and (moment := moment_of(each)) and heard < moment < began
        }
        if ours:
            place = Place(PLATFORM, team, spot.channel)
            for known in await self._intake.answers(place, ours):
                del ours[known]
        return max(ours.values(), default=Decimal(0))

    async def _read(self, api: SlackApi, method: str, **arguments: Any) -> dict[str, Any]:
        answer = await patiently(partial(api.read, method, **arguments), budget_s=300.0, sleep=self._sleep)
        await self._sleep(_PAUSE_S)
        return answer


def _spots(places: Sequence[Place], team: str) -> Iterator[_Spot]:
    """Each place as it is read: a thread, and the channel around it for what was begun there since."""
    for place in places:
        if place.workspace == team:
            if place.thread:
                yield _Spot(place.channel, place.thread, place.private)
            yield _Spot(place.channel, direct=place.private)


def _moment(at: datetime) -> Decimal:
    """A time as Slack writes it."""
    return Decimal(f"{at.timestamp():.6f}")


def _as_event(message: Mapping[str, Any], team: str, spot: _Spot) -> dict[str, Any]:
    """The event that Slack would have sent for a message."""
    kind = "im" if spot.direct else "channel"
    event = {**message, "type": "message", "channel": spot.channel, "channel_type": kind}
    return {"type": "event_callback", "team_id": team, "event": event}
