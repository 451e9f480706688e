"""What was done lately: remembered in memory; a process that is restarted may do it once more."""

from __future__ import annotations

from collections.abc import Hashable

from cachetools import TTLCache

from core.util.clock import Now

MOST_KEYS = 1000


class Recently:
    """Remembers keys for `period_s` each: at most a thousand, the newest."""

    def __init__(self, period_s: float, now: Now) -> None:
        self._keys: TTLCache[Hashable, None] = TTLCache(MOST_KEYS, period_s, timer=now)

    def seen(self, key: Hashable) -> bool:
        """Tell whether the key was seen within the period, and else count it as seen now."""
        if key in self._keys:
            return True
        self._keys[key] = None
        return False
