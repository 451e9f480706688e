"""What was said to the bot while it was away: read from Slack after the start, and taken in like any event.

Slack delivers for about five minutes after a failure, and not later. So, where somebody has talked with the bot before,
and in direct messages, what came since it last heard anything is read, the oldest first. Each message goes the way of
its event and has its keys: what was heard before is recognised. What the bot answered before this start is left out,
so that an old backup of the database does no harm either.

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

    def __init__(
        self,
        api: AppApi,
        workspaces: Workspaces,
        intake: Intake,
        open_since: dict[str, datetime],
    ) -> None:
        """`open_since` outlives it: from when on each workspace is to be read, an earlier one may have been cut off."""
        self._workspaces = workspaces
        self._intake = intake
        self._back = timedelta(hours=api.settings.backfill_hours)
        self._sleep = api.sleep
        self._now = api.clock
        self._open_since = open_since

    async def prepare(self) -> None:
        """Note the last event heard in each workspace; called before anything new comes in."""
        if self._back:
            for team, heard in (await self._intake.heard_until(PLATFORM)).items():
                self._open_since.setdefault(team, heard)

    async def run(self, receive: Receive) -> None:
        """Read what came since, in all workspaces, and hand it to `receive`."""
        if not self._open_since:
            return
        now = self._now()
        places = await self._intake.places(PLATFORM, now - timedelta(days=30))
        for team, heard in list(self._open_since.items()):
            try:
                since = max(heard - _MARGIN, now - self._back)
                await self._in_workspace(team, places, (since, now), receive)
            except PlatformError as exc:
                log.warning("slack.backfill_failed", team=team, code=exc.code)
            else:
                del self._open_since[team]

    async def _in_workspace(self, team: str, places: Sequence[Place], span: _Span, receive: Receive) -> None:
        bot = await self._workspaces.bot_in(team)
        if bot is None:
            return
        api = self._workspaces.of(team).api
        spots = dict.fromkeys([*_spots(places, team), *await self._direct_messages(api)])
        found = 0
        for spot in list(spots)[:_MOST_PLACES]:
            try:
                missed = await self._missed(api, spot, span, bot)
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

    async def _missed(self, api: SlackApi, spot: _Spot, span: _Span, bot: Bot) -> list[Mapping[str, Any]]:
        """The messages of other people that the bot did not answer, oldest first."""
        oldest, began = (Decimal(f"{moment.timestamp():.6f}") for moment in span)
        asked = {"channel": spot.channel, "oldest": str(oldest), "limit": _PAGE}
        found = pages(partial(self._read, api), _MOST_PAGES, thread=spot.thread, **asked)
        messages = [each async for page in found for each in page]
        answered_until = _last_answer(messages, bot, began) if spot.thread else oldest
        missed = {
            moment: each
            for each in messages
            if (moment := moment_of(each)) is not None
            and moment > max(oldest, answered_until)
            and not each.get("bot_id")
            and bot.user not in list_of(each, "reply_users")
        }
        return [missed[moment] for moment in sorted(missed)]

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


def _last_answer(messages: Sequence[Mapping[str, Any]], bot: Bot, began: Decimal) -> Decimal:
    """When the bot last answered in a thread before this start: it had heard everything up to then."""
    ours = [moment_of(each) for each in messages if text_of(each, "user") == bot.user]
    return max((each for each in ours if each is not None and each < began), default=Decimal(0))


def _as_event(message: Mapping[str, Any], team: str, spot: _Spot) -> dict[str, Any]:
    """The event that Slack would have sent for a message."""
    kind = "im" if spot.direct else "channel"
    event = {**message, "type": "message", "channel": spot.channel, "channel_type": kind}
    return {"type": "event_callback", "team_id": team, "event": event}
