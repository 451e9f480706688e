"""What one process knows of the others on its database: which connections and which budgets are shared with them."""

from __future__ import annotations

from collections.abc import Mapping

from core.operations.sharing import Share
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
        self._owner = owner
        self._lease_s = lease_s
        self._since = since
        self._shares: dict[str, Share] = {}

    @property
    def shares(self) -> Mapping[str, Share]:
        """What is shared now, by platform."""
        return self._shares

    async def share(self, name: str, size: int, *, most: int | None = None, adopt: bool = False) -> Share:
        """Our share of something that is cut into `size` parts, or, to `adopt`, as living processes cut it already."""
        store = PartStore(self._database, self._database.now, name, self._owner, lease_s=self._lease_s)
        in_use = await store.size_in_use() if adopt else None
        self._shares[name] = share = Share(store, in_use or size, most=most, since=self._since)
        return share

    def stands_by(self, name: str) -> bool:
        """Whether this process holds no connection of a platform, because others do."""
        share = self._shares.get(name)
        return share is not None and share.stands_by
