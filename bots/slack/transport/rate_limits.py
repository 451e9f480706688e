"""How often each method may be called in one workspace: calls wait here, so that Slack does not refuse them.

Rates are per method, workspace and minute (docs.slack.dev, "Rate limits", and the tier on each method's page); posts
also per channel and second. A little less than the whole rate is used, since Slack counts calls when they arrive.
Calls of other processes are not counted here: a 429 tells of them, and its `Retry-After` holds back that method alone.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from bots.slack.transport.fair_interval import SharedRate
from core.domain import PlatformBusy
from core.util.clock import Now, Sleep


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `window_s`; of these, `kept` are for calls that end an answer."""

    calls: int
    window_s: float = 60.0
    kept: int = 0


TIER_2, TIER_3, TIER_4 = Rate(19), Rate(47, kept=9), Rate(96, kept=9)
POSTS = Rate(240, kept=40)
"""Slack's page says "several hundred" and no number."""
POSTS_IN_CHANNEL = Rate(4, 5.0)
"""One a second; short bursts pass."""

RATES: Mapping[str, Rate] = {
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.postMessage": POSTS,
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "conversations.replies": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.open": TIER_3,
    "agents.sessions.setStatus": TIER_3,
    "agents.sessions.rename": TIER_3,
    "assistant.threads.setTitle": TIER_4,
    "assistant.threads.setSuggestedPrompts": TIER_4,
    "users.info": TIER_4,
    "usergroups.list": TIER_2,
    "files.info": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.delete": TIER_3,
    "views.open": TIER_4,
    "views.update": TIER_4,
    "views.publish": TIER_4,
}
_WAITS_S: Mapping[str, float] = {
    "chat.startStream": 2.0,
    "chat.stopStream": 80.0,
    "chat.appendStream": 80.0,
    "chat.postMessage": 80.0,
    "chat.postEphemeral": 20.0,
    "chat.update": 80.0,
    "chat.delete": 80.0,
    "reactions.remove": 20.0,
    "conversations.open": 20.0,
    "files.info": 20.0,
    "files.getUploadURLExternal": 80.0,
    "files.completeUploadExternal": 80.0,
    "files.delete": 80.0,
}
"""How long a call may wait for its turn; what is not named is done at once, or later, or not at all."""
_MOST_WINDOWS = 1_000
_ROUNDING_S = 1e-6


@dataclass(slots=True, eq=False)
class _SlidingWindow:
    """The calls that share one rate: those that were made of late, and those that have their moment."""

    rate: Rate
    booked: list[float] = field(default_factory=list)

    def earliest(self, since: float, most: int) -> float:
        """The first moment from `since` on at which one call more keeps every window at `most`."""
        window_s = self.rate.window_s
        moments = (at + window_s for at in self.booked if at + window_s > since)
        return next(at for at in (since, *moments) if self._has_room(at, most))

    def forget(self, now: float) -> None:
        """Forget the calls that no window holds any more."""
        self.booked = [at for at in self.booked if at + self.rate.window_s > now]

    def give_back(self, at: float) -> None:
        if at in self.booked:
            self.booked.remove(at)

    def _has_room(self, at: float, most: int) -> bool:
        times = sorted((*self.booked, at))
        place = times.index(at)
        shortest_s = self.rate.window_s - _ROUNDING_S
        firsts = range(max(0, place - most), place + 1)
        return all(times[i + most] - times[i] >= shortest_s for i in firsts if i + most < len(times))


class RateLimits:
    """The calls of one workspace. First come, first served; calls that end an answer have a share of their own."""

    def __init__(self, *, now: Now, sleep: Sleep) -> None:
        self.streaming = SharedRate(TIER_4.calls - TIER_4.kept)
        """The answers that share the appends."""
        self.editing = SharedRate(TIER_3.calls - TIER_3.kept)
        """The answers that share the updates."""
        self._now = now
        self._sleep = sleep
        self._windows: dict[tuple[str, str], _SlidingWindow] = {}
        self._held: dict[str, float] = defaultdict(lambda: float("-inf"))

    async def acquire(self, method: str, channel: str = "", *, urgent: bool = False) -> None:
        """Return when the call may be made; `urgent` ones end an answer.

        Raises:
            PlatformBusy: it would have to wait for too long; `retry_after_s` tells how long.
        """
        windows = self._windows_of(method, channel)
        while True:  # again where the method was held back meanwhile
            at = self._moment(method, windows, urgent)
            if (wait_s := at - self._now()) > _WAITS_S.get(method, 0.0):
                raise PlatformBusy("slack", code="kept_back", detail=method, retry_after_s=wait_s)
            with ExitStack() as not_used:
                for window in windows:
                    insort(window.booked, at)
                    not_used.callback(window.give_back, at)
                if wait_s > 0:
                    await self._sleep(wait_s)
                if self._held[method] <= self._now():
                    not_used.pop_all()
                    return

    def wait_s(self, method: str) -> float:
        """How long a call that ends an answer would wait for its turn now."""
        return self._moment(method, self._windows_of(method, ""), urgent=True) - self._now()

    def hold(self, method: str, seconds: float) -> None:
        """Make no call of a method for so long: Slack said so."""
        self._held[method] = max(self._held[method], self._now() + seconds)

    def left(self, method: str) -> int:
        """How many more calls of a method its present window takes."""
        (window,) = self._windows_of(method, "")
        return window.rate.calls - len(window.booked)

    def _moment(self, method: str, windows: list[_SlidingWindow], urgent: bool) -> float:
        at, before = max(self._now(), self._held[method]), float("-inf")
        while at != before:
            before = at
            for window in windows:
                at = window.earliest(at, window.rate.calls - (0 if urgent else window.rate.kept))
        return at

    def _windows_of(self, method: str, channel: str) -> list[_SlidingWindow]:
        rates = {(method, ""): RATES[method]} if method in RATES else {}
        if method == "chat.postMessage" and channel:
            rates[method, channel] = POSTS_IN_CHANNEL
        windows = [self._windows.setdefault(key, _SlidingWindow(rate)) for key, rate in rates.items()]
        for window in windows if len(self._windows) < _MOST_WINDOWS else self._windows.values():
            window.forget(self._now())
        if len(self._windows) >= _MOST_WINDOWS:
            self._windows = {
                key: window for key, window in self._windows.items() if window.booked or window in windows
            }
        return windows
