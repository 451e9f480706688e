"""Slack's real rates, per method and workspace; posts also per channel."""

import math
from collections import defaultdict, deque

from .clock import Clock

PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
POST_BURST = 5  # short bursts over one post a second and channel pass
POSTS_PER_MINUTE = 300
POSTS = frozenset({"chat.postMessage"})
LIMITED_READS = frozenset({"conversations.history", "conversations.replies"})


class Budgets:
    """Counts calls in sliding windows of the fake's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: dict[tuple[str, ...], deque[float]] = defaultdict(deque)

    def wait_s(
        self, method: str, tier: int | None, team_id: str, channel: str, *, limited_reads: bool
    ) -> int:
        """Spends one call and returns 0, or returns the whole seconds after which it would pass."""
        windows = self._windows(method, tier, team_id, channel, limited_reads)
        waits = [self._wait_s(key, at_most, window_s) for key, at_most, window_s in windows]
        if any(waits):
            return math.ceil(max(waits))
        for key, _, _ in windows:
            self._calls[key].append(self._clock.now())
        return 0

    def _windows(
        self, method: str, tier: int | None, team_id: str, channel: str, limited_reads: bool
    ) -> list[tuple[tuple[str, ...], int, float]]:
        if method in POSTS:
            per_channel = ((method, team_id, channel), POST_BURST, float(POST_BURST))
            return [per_channel, ((method, team_id), POSTS_PER_MINUTE, 60.0)]
        if limited_reads and method in LIMITED_READS:
            return [((method, team_id), 1, 60.0)]
        return [((method, team_id), PER_MINUTE[tier], 60.0)] if tier else []

    def _wait_s(self, key: tuple[str, ...], at_most: int, window_s: float) -> float:
        calls, now = self._calls[key], self._clock.now()
        while calls and calls[0] <= now - window_s:
            calls.popleft()
        return max(0.001, calls[0] + window_s - now) if len(calls) >= at_most else 0.0
