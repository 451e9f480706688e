"""Which threads the bot takes part in: a reply there needs no mention with `[slack] thread_follow_ups = "always"`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cachetools import LRUCache

from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import Bot, part_of, text_of
from core.domain import Event, Intake, Said
from core.util.clock import Clock, utc_now

_REMEMBERED = timedelta(days=90)
_ASK_AGAIN_AFTER = timedelta(seconds=2)
_MARGIN = timedelta(minutes=1)


class JoinedThreads:
    """Learns of threads as they are met: from the bot's own answers in them, and from what the core has stored.

    The latter makes good for restarts, and for what other processes heard. It is asked in steps: a reply in an
    unknown thread has it asked for what came since.
    """

    def __init__(self, intake: Intake, now: Clock = utc_now) -> None:
        self._intake = intake
        self._now = now
        self._known: LRUCache[tuple[str, str, str], None] = LRUCache(20_000)
        self._asked_at: datetime | None = None

    def is_joined(self, team: str, channel: str, thread: str) -> bool:
        return (team, channel, thread) in self._known

    async def look_up(self, payload: Mapping[str, Any], bot: Bot) -> None:
        """Learn from a payload that its thread is joined, or ask the core about a thread that is unknown."""
        team, event = text_of(payload, "team_id"), part_of(payload, "event")
        message = part_of(event, "message") or event
        channel, thread = text_of(event, "channel"), text_of(message, "thread_ts")
        is_reply = text_of(event, "type") == "message" and team and channel and thread
        if not is_reply or self.is_joined(team, channel, thread):
            return
        if bot.user in (text_of(message, "user"), text_of(message, "parent_user_id")):
            self._known[team, channel, thread] = None
        elif thread != text_of(message, "ts"):
            await self._ask()

    def heard(self, event: Event) -> None:
        """Remember where somebody spoke with the bot."""
        if isinstance(event, Said) and event.place.thread:
            self._known[event.place.workspace, event.place.channel, event.place.thread] = None

    async def _ask(self) -> None:
        now = self._now()
        if self._asked_at is not None and now - self._asked_at < _ASK_AGAIN_AFTER:
            return
        since = now - _REMEMBERED if self._asked_at is None else self._asked_at - _MARGIN
        for place in reversed(await self._intake.places(PLATFORM, since)):
            if place.thread:
                self._known[place.workspace, place.channel, place.thread] = None
        self._asked_at = now
