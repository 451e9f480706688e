"""What was done lately: remembered in memory; a process that is restarted may do it once more."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from cachetools import TTLCache

from core.util.clock import Now

Key = TypeVar("Key", bound=Hashable)

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


class Latest(Generic[Key]):
    """The keys that were added last, so many of them, each until it is taken."""

    def __init__(self, most: int) -> None:
        self._keys: dict[Key, None] = {}
        self._most = most

    def add(self, key: Key) -> None:
        """Add a key; the oldest one goes where there are too many."""
        self._keys[key] = self._keys.pop(key, None)
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]

    def take(self, key: Key) -> bool:
        """Take a key out; whether it was there."""
        return self._keys.pop(key, key) is None
