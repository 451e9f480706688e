"""How often each method may be called in one workspace: calls wait here, so that Slack does not refuse them.

Rates are per method, workspace and minute (docs.slack.dev, "Rate limits", and the tier on each method's page); posts
also per channel and second. A little less than the whole rate is used, since Slack counts calls when they arrive.
Calls of other processes are booked in a budget that all share, where there is one (`core.delivery.shared_budget`); else
a 429 tells of them, and its `Retry-After` holds back that method alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack

from core.delivery.call_windows import Rate, SlidingWindow
from core.delivery.pacing import SharedRate
from core.delivery.shared_budget import SharedBudget
from core.domain import PlatformBusy
from core.util.clock import Now, Sleep

TIER_2, TIER_3, TIER_4 = Rate(19), Rate(47, kept=9), Rate(96, kept=9)
POSTS = Rate(240, kept=40)
"""Slack's page says "several hundred" and no number."""
POSTS_IN_CHANNEL = Rate(4, 5.0, kept=1)
"""One a second; short bursts pass."""

RATES: Mapping[str, Rate] = {
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.appendStream": TIER_4,
    "chat.postMessage": POSTS,
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "chat.getPermalink": TIER_4,
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


class RateLimits:
    """The calls of one workspace. First come, first served; calls that end an answer have a share of their own."""

    def __init__(self, *, now: Now, sleep: Sleep, budget: SharedBudget | None = None) -> None:
        """`budget`: what this workspace takes of all processes together."""
        self._budget = budget
        self.streaming = SharedRate(TIER_4.growing_per_minute)
        """The answers that share the appends."""
        self.editing = SharedRate(TIER_3.growing_per_minute)
        """The answers that share the updates."""
        self._now = now
        self._sleep = sleep
        self._windows: dict[tuple[str, str], SlidingWindow] = {}
        self._held: dict[str, float] = defaultdict(lambda: float("-inf"))

    async def acquire(
        self, method: str, channel: str = "", *, urgent: bool = False, patient: bool = True
    ) -> None:
        """Return when the call may be made; `urgent` ones end an answer, one that is not `patient` is made now or not.

        Raises:
            PlatformBusy: it would have to wait for too long; `retry_after_s` tells how long.
        """
        windows = self._windows_of(method, channel)
        while True:  # again where the method was held back meanwhile
            at = self._moment(method, windows, urgent)
            most_s = _WAITS_S.get(method, 0.0) if patient else 0.0
            if (wait_s := at - self._now()) > most_s:
                raise PlatformBusy("slack", code="kept_back", detail=method, retry_after_s=wait_s)
            with ExitStack() as not_used:
                for window in windows:
                    window.book(at)
                    not_used.callback(window.give_back, at)
                if wait_s > 0:
                    await self._sleep(wait_s)
                if self._held[method] > self._now():
                    continue
                if later_s := await self._shared_wait_s(method, channel, urgent, most_s):
                    raise PlatformBusy("slack", code="kept_back", detail=method, retry_after_s=later_s)
                not_used.pop_all()
                return

    async def _shared_wait_s(self, method: str, channel: str, urgent: bool, most_s: float) -> float:
        """Wait for the turn among all processes; how long that would take where it is longer than `most_s`."""
        if self._budget is None:
            return 0.0
        rates = {":".join(what): rate for what, rate in _rates_of(method, channel).items()}
        return await self._budget.enter(rates, growing=not urgent, most_s=most_s)

    def wait_s(self, method: str) -> float:
        """How long a call that ends an answer would wait for its turn now."""
        return self._moment(method, self._windows_of(method, ""), urgent=True) - self._now()

    def hold(self, method: str, seconds: float) -> None:
        """Make no call of a method for so long: Slack said so."""
        self._held[method] = max(self._held[method], self._now() + seconds)

    def left(self, method: str) -> int:
        """How many more calls of a method its present window takes."""
        (window,) = self._windows_of(method, "")
        return window.left

    def may_begin(self) -> bool:
        """Whether a message that is begun now could be finished at once, like all that are begun."""
        return self.editing.size < self.left("chat.update")

    def _moment(self, method: str, windows: list[SlidingWindow], urgent: bool) -> float:
        at, before = max(self._now(), self._held[method]), float("-inf")
        while at != before:
            before = at
            for window in windows:
                at = window.earliest(at, window.rate.calls - (0 if urgent else window.rate.kept))
        return at

    def _windows_of(self, method: str, channel: str) -> list[SlidingWindow]:
        rates = _rates_of(method, channel).items()
        windows = [self._windows.setdefault(key, SlidingWindow(rate)) for key, rate in rates]
        for window in windows if len(self._windows) < _MOST_WINDOWS else self._windows.values():
            window.forget(self._now())
        if len(self._windows) >= _MOST_WINDOWS:
            self._windows = {
                key: window for key, window in self._windows.items() if window.booked or window in windows
            }
        return windows


def _rates_of(method: str, channel: str) -> Mapping[tuple[str, str], Rate]:
    """The rates that a call counts in, by method and, for posts, by channel too."""
    rates = {(method, ""): RATES[method]} if method in RATES else {}
    if method == "chat.postMessage" and channel:
        rates[method, channel] = POSTS_IN_CHANNEL
    return rates
