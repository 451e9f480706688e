"""Time as the fake Discord knows it: the real clock plus what a test has put on top."""

import time
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000


class Clock:
    """Tells the real time plus every `advance`, so that minutes can pass inside a test."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def now(self) -> float:
        """Returns the Unix time in seconds."""
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Moves the clock forward; ids made from now on carry the later time."""
        self._ahead_s += seconds


def iso(at: float) -> str:
    """Writes a Unix time the way Discord writes timestamps."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def snowflake(at: float) -> int:
    """Makes the smallest id of an instant."""
    return (int(at * 1000) - EPOCH_MS) << 22


def created_at(id_: int) -> float:
    """Reads the Unix time that an id carries."""
    return ((id_ >> 22) + EPOCH_MS) / 1000


class Snowflakes:
    """Hands out ids of now, each larger than the one before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        self._last = max(self._last + 1, snowflake(self._clock.now()))
        return self._last

    def on_shard(self, shard: int, of: int) -> int:
        """Makes the id of an older guild that belongs to shard `shard` of `of`."""
        base = self.next() - (1 << 48)
        while (base >> 22) % of != shard:
            base -= 1 << 22
        return base
