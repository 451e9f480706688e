"""Rate limits: the counters behind the headers, the global limit, and the ban for too many refusals."""

import hashlib
import math
from dataclasses import dataclass, field

BAN_WINDOW_S = 600.0


@dataclass(frozen=True)
class Window:
    """So many calls in so many seconds, counted from the first."""

    calls: int
    per_s: float


@dataclass(frozen=True)
class Limits:
    """What was observed of the real one; a test may give shorter windows."""

    create: Window = Window(5, 5.0)
    edit: Window = Window(5, 5.0)
    old_edit: Window = Window(3, 6.0)
    webhook: Window = Window(5, 2.0)
    history: Window = Window(1000, 10.0)
    other: Window = Window(50, 1.0)
    everything: Window = Window(50, 1.0)

    def of(self, name: str) -> Window:
        window: Window = getattr(self, name)
        return window


_WIDE = Window(1_000_000, 1.0)
OFF = Limits(_WIDE, _WIDE, _WIDE, _WIDE, _WIDE, _WIDE, _WIDE)

# Creates and edits count apart but show one bucket id.
_SHARED_BUCKET = {"create": "messages", "edit": "messages", "old_edit": "messages"}


@dataclass(frozen=True)
class Verdict:
    """What a counter said to a call, and the headers that tell it."""

    allowed: bool
    name: str
    limit: int
    remaining: int
    reset_at: float
    reset_after_s: float
    bucket: str

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset_at:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after_s:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


@dataclass
class _Counter:
    ends_at: float
    used: int = 0


@dataclass
class Meter:
    """Counts calls per bucket and major parameter, all calls together, and refusals."""

    limits: Limits
    counters: dict[tuple[str, str], _Counter] = field(default_factory=dict)
    invalid_at: list[float] = field(default_factory=list)
    peak: dict[tuple[str, str], int] = field(default_factory=dict)
    """The most calls that were taken in one window."""

    def take(self, name: str, template: str, major: str, now: float) -> Verdict:
        """Counts one call; a refused one uses nothing up."""
        window = self.limits.of(name)
        key = (name if name != "other" else template, major)
        counter = self.counters.get(key)
        if counter is None or now >= counter.ends_at:
            counter = self.counters[key] = _Counter(now + window.per_s)
        allowed = counter.used < window.calls
        counter.used += allowed
        self.peak[key] = max(self.peak.get(key, 0), counter.used)
        left = max(window.calls - counter.used, 0)
        bucket = _hash(_SHARED_BUCKET.get(name, key[0]))
        return Verdict(allowed, name, window.calls, left, counter.ends_at, counter.ends_at - now, bucket)

    def take_global(self, now: float) -> Verdict:
        return self.take("everything", "", "", now)

    def count_refusal(self, now: float) -> None:
        """Remembers a 401, 403 or 429: too many within 10 minutes get the address banned."""
        self.invalid_at = [t for t in self.invalid_at if now - t < BAN_WINDOW_S] + [now]

    def refusals(self, now: float) -> int:
        return sum(now - t < BAN_WINDOW_S for t in self.invalid_at)


def retry_after_header(seconds: float) -> str:
    """Rounds up to whole seconds, as the header does."""
    return str(max(math.ceil(seconds), 0))


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]
