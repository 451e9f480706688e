"""How often a platform may be called, counted over any stretch of time and not from one fixed moment to the next."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `window_s`; of these, `kept` are for calls that end an answer."""

    calls: int
    window_s: float = 60.0
    kept: int = 0

    @property
    def growing_per_minute(self) -> float:
        """How many calls a minute are left for answers that grow."""
        return (self.calls - self.kept) * 60.0 / self.window_s


@dataclass(slots=True, eq=False)
class SlidingWindow:
    """The calls that share one rate: those that were made of late, and those that have their moment."""

    rate: Rate
    booked: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many more calls the present window takes, once `forget` was told the time."""
        return self.rate.calls - len(self.booked)

    def earliest(self, since: float, most: int) -> float:
        """The first moment from `since` on at which one call more keeps every window at `most`."""
        window_s = self.rate.window_s
        moments = (at + window_s for at in self.booked if at + window_s > since)
        return next(at for at in (since, *moments) if self._has_room(at, most))

    def book(self, at: float) -> None:
        """Count a call at that moment."""
        insort(self.booked, at)

    def give_back(self, at: float) -> None:
        """Count it no longer: it is not made."""
        if at in self.booked:
            self.booked.remove(at)

    def forget(self, now: float) -> None:
        """Forget the calls that no window holds any more."""
        self.booked = [at for at in self.booked if at + self.rate.window_s > now]

    def _has_room(self, at: float, most: int) -> bool:
        times = sorted((*self.booked, at))
        place = times.index(at)
        shortest_s = self.rate.window_s - _ROUNDING_S
        firsts = range(max(0, place - most), place + 1)
        return all(times[i + most] - times[i] >= shortest_s for i in firsts if i + most < len(times))
