"""What one process knows of the others on its database: which connections and which budgets are shared with them."""

from __future__ import annotations

from core.delivery.shared_budget import SharedBudget
from core.domain import BotError, Watch
from core.operations.sharing import Share
from core.storage.cluster.looks import Looks
from core.storage.cluster.parts import PartStore
from core.storage.cluster.windows import WindowStore
from core.storage.db import Database
from core.storage.db.postgresql.clock import uptime
from core.util.clock import Now


class Cluster:
    """This process among others on one PostgreSQL."""

    def __init__(self, database: Database, owner: str, *, lease_s: float, since: Now = uptime) -> None:
        """`owner` names this process; what it does not renew is anybody's after `lease_s`, by `since`."""
        self.windows = WindowStore(database)
        self._database = database
        self._looks = Looks(database, database.now, owner, lease_s=lease_s)
        self._since = since
        self._shares: dict[str, Share] = {}
        self._callers = self._share("callers", 0)

    async def run(self) -> None:
        """Be counted among the processes that call platforms, until cancelled."""
        await self._callers.run(_nothing, _Unwatched())

    def budget(self, platform: str) -> SharedBudget:
        """How often a platform is called by all processes together, asked while others answer, or listen to it, too."""

        def has_others() -> bool:
            listening = self._shares.get(platform)
            return self._callers.members > 1 or (listening is not None and listening.members > 1)

        return SharedBudget(self.windows, platform, has_others)

    async def share(self, name: str, size: int, *, most: int | None = None, adopt: bool = False) -> Share:
        """Our share of something that is cut into `size` parts, or, to `adopt`, as living processes cut it already."""
        in_use = await self._store(name).size_in_use() if adopt else None
        self._shares[name] = share = self._share(name, in_use or size, most)
        return share

    def stands_by(self, name: str) -> bool:
        """Whether this process holds no connection of a platform, because others do."""
        share = self._shares.get(name)
        return share is not None and share.stands_by

    def _share(self, name: str, size: int, most: int | None = None) -> Share:
        return Share(self._store(name), size, most=most, since=self._since, sleep=self._looks.pause)

    def _store(self, name: str) -> PartStore:
        return PartStore(self._database, self._database.now, name, self._looks)


class _Unwatched:
    """A `Watch` for what has no connection."""

    def up(self) -> None: ...

    def down(self, cause: BotError) -> None: ...


async def _nothing(_part: int, _watch: Watch) -> None:
    """There are no parts."""
