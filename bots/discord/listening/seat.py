"""One shard that is this process's, while other processes have the others."""

from __future__ import annotations

from dataclasses import dataclass

from bots.discord.events.address import PLATFORM
from bots.discord.transport.timing import Timing
from core.domain import StorageError
from core.operations.sharing import Share
from core.storage.cluster.windows import WindowStore
from core.util.log import log

LONGER = 1.1
"""Identifies are so much further apart than Discord wants: a connection takes longer to be made now than then."""
LATE_S = 0.5
"""Whoever comes so late to their turn was frozen, and asks for another one."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A shard's number, of how many, and what says whether it is still ours."""

    shard: int
    count: int
    share: Share
    windows: WindowStore

    async def identify_turn(self, concurrency: int, timing: Timing, most_s: float) -> None:
        """Wait until this shard may identify: one of each bucket in 5 s, over all processes.

        `concurrency` is Discord's `max_concurrency`. While the database is away the shard waits that time by itself.

        Raises:
            TimeoutError: the turn would come in more than `most_s`; none is taken.
        """
        bucket, window_s = self.shard % max(1, concurrency), timing.identify_gap_s * LONGER
        while True:
            try:
                booking = await self.windows.book(
                    f"{PLATFORM}:identify:{bucket}", calls=1, window_s=window_s, most_s=most_s
                )
            except StorageError as error:
                log.warning("discord.identify_unshared", shard=self.shard, cause=str(error))
                await timing.sleep(window_s)
                return
            if booking.at is None:
                raise TimeoutError(f"other shards identify in the next {booking.wait_s:.0f} s")
            at = timing.now() + booking.wait_s
            await timing.sleep(booking.wait_s)
            if timing.now() < at + LATE_S:
                return
