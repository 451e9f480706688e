"""What was told lately: remembered for an hour, in memory; a process that is restarted may tell once more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

TELL_AGAIN_S = 3600.0
REMEMBERED = 1000


class Lately:
    """Remembers at most a thousand keys, the newest."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._told_at: OrderedDict[Hashable, float] = OrderedDict()

    def told(self, key: Hashable) -> bool:
        """Tell whether it was told within the last hour, and else count it as told now."""
        now = self._now()
        if now - self._told_at.get(key, float("-inf")) < TELL_AGAIN_S:
            return True
        self._told_at[key] = now
        self._told_at.move_to_end(key)
        if len(self._told_at) > REMEMBERED:
            self._told_at.popitem(last=False)
        return False
