"""How much the HTTP server takes at once, and what it says of that which it turned away."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from enum import StrEnum

from pydantic import Field

from core.section import Section
from core.util.log import log

_SHARE_OF_DESCRIPTORS = 4
"""The server takes one file descriptor in so many: the rest is for platforms, the gateway and the database."""


class Bounds(Section):
    """What one server takes, whoever knocks."""

    connections: int = Field(100, ge=2)
    """Open at once, lowered to a quarter of the process's limit of file descriptors."""
    request_timeout_s: float = Field(10.0, gt=0)
    """Within which a request must have come whole, its body included."""
    keep_alive_s: int = Field(5, ge=0)
    """For which a connection may be idle after an answer."""
    body_bytes: int = Field(1_000_000, gt=0)
    last_answers_s: int = Field(5, ge=0)
    """For which requests may go on being answered after the server was asked to end."""

    @property
    def affordable(self) -> int:
        """The connections that leave most of the file descriptors to everything else."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return self.connections
        return max(2, min(self.connections, soft // _SHARE_OF_DESCRIPTORS))

    def for_each_of(self, mounts: int) -> int:
        """The requests that one mount may have under way. All together leave a quarter to who has yet to ask."""
        return max(1, self.affordable * 3 // 4 // max(1, mounts))


class Away(StrEnum):
    """Why a connection or a request was turned away."""

    CROWDED = "crowded"
    """It had brought no whole request when its place was needed."""
    SLOW = "slow"
    """It brought no whole request in time."""
    BUSY = "busy"
    """Its mount had as much to do as it may have."""
    UNACCEPTED = "unaccepted"
    """The system had nothing left to accept it with."""


class TurnedAway:
    """Counts what was turned away; the log has one line about it, and no more than one a minute."""

    FIRST_AFTER_S = 2.0
    EVERY_S = 60.0

    def __init__(self) -> None:
        self._counts: Counter[Away] = Counter()
        self._next: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0

    def add(self, why: Away) -> None:
        self._counts[why] += 1
        if self._next is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time() + self.FIRST_AFTER_S, self._quiet_until)
            self._next = loop.call_at(at, self.tell)

    def close(self) -> None:
        """Write the line that is due, unless there was one within the minute."""
        if self._next is not None:
            self._next.cancel()
            if asyncio.get_running_loop().time() >= self._quiet_until:
                self.tell()

    def tell(self) -> None:
        """Write what was counted since the last line."""
        self._next = None
        self._quiet_until = asyncio.get_running_loop().time() + self.EVERY_S
        log.warning("web.turned_away", **{why.value: count for why, count in sorted(self._counts.items())})
        self._counts.clear()
