"""Shards that processes divide among them: each of ours has a connection of its own, which comes and goes alone."""

from __future__ import annotations

from bots.discord.events.address import PLATFORM
from bots.discord.features.backfill import Backfill
from bots.discord.listening.gateway import Receive
from bots.discord.listening.listen import Listener
from bots.discord.listening.seat import Seat
from bots.discord.settings import DiscordSettings
from core.domain import Intake, Watch
from core.operations.cluster import Cluster


class SharedShards:
    """Listens to this process's part of the shards."""

    def __init__(self, settings: DiscordSettings, listener: Listener, cluster: Cluster) -> None:
        self._settings = settings
        self._listener = listener
        self._cluster = cluster

    async def run(self, receive: Receive, watch: Watch, backfill: Backfill, intake: Intake) -> None:
        """Listen until cancelled. Raises FrontendRefused, FrontendUnreachable or StorageError.

        A process with another `shard_count` than the others shares nothing with them. One that leaves it to Discord
        goes by the count that is in use, if any is: Discord's advice changes as a bot grows.
        """
        chosen = self._settings.shard_count
        count = chosen or await self._listener.advised_count()
        share = await self._cluster.share(PLATFORM, count, adopt=not chosen)

        async def serve(shard: int, shard_watch: Watch) -> None:
            await backfill.takes(shard, share.size, intake)
            seat = Seat(shard, share.size, share, self._cluster.windows)
            try:
                await self._listener.run(receive, shard_watch, backfill, seat)
            finally:
                backfill.gives_up(shard)

        await share.run(serve, watch)
