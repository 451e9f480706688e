"""Rows that say which process has which part of something, such as a shard, and which processes there are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update

from core.storage.cluster.looks import Looks, Shared
from core.storage.db import Database, cluster_members, cluster_parts, insert_into

FORGET_AFTER = timedelta(hours=1)
"""When rows of processes that are gone are deleted."""


class PartStore:
    """Parts by name, each some process's for a while, by the database's time."""

    def __init__(self, database: Database, now: Callable[[], datetime], name: str, looks: Looks) -> None:
        """`looks`: those of this process, which it has in common with other names."""
        self.owner = looks.owner
        self.lease_s = looks.lease_s
        self._database = database
        self._now = now
        self._name = name
        self._looks = looks

    async def size_in_use(self) -> int | None:
        """Into how many parts living processes cut it, if there are any."""
        columns = cluster_members.c
        living = (columns.name == self._name) & (columns.held_until > self._now())
        async with self._database.read() as connection:
            found = await connection.execute(select(func.max(columns.size)).where(living))
            size: int | None = found.scalar_one_or_none()
            return size

    async def look(self, size: int, keep: Collection[int], ended: Collection[int]) -> Shared:
        """Stay a member, keep the parts `keep` where they are still ours, give `ended` back; how things stand then.

        `keep` and `ended` have no part in common.
        """
        return await self._looks.look(self._name, size, keep, ended)

    async def take(self, size: int, part: int) -> bool:
        """Take a part that nobody has; whether it is ours now."""
        now = self._now()
        held_until = now + timedelta(seconds=self.lease_s)
        async with self._database.write() as connection:
            made = insert_into(connection, cluster_parts).values(
                name=self._name, size=size, part=part, owner=self.owner, held_until=held_until
            )
            taken = made.on_conflict_do_update(
                index_elements=list(cluster_parts.primary_key),
                set_={"owner": self.owner, "held_until": held_until},
                where=cluster_parts.c.held_until <= now,
            )
            found = await connection.execute(taken.returning(cluster_parts.c.part))
            return found.scalar_one_or_none() is not None

    async def leave(self, size: int) -> None:
        """Give all parts back, and be no member any more; rows of processes that went long ago go, too."""
        now = self._now()
        members = cluster_members.c
        gone = (members.owner == self.owner) | (members.held_until < now - FORGET_AFTER)
        async with self._database.write() as connection:
            await connection.execute(update(cluster_parts).where(*self._ours(size)).values(held_until=now))
            await connection.execute(delete(cluster_members).where(members.name == self._name, gone))

    def _ours(self, size: int) -> tuple[ColumnElement[bool], ...]:
        columns = cluster_parts.c
        return (columns.name == self._name, columns.size == size, columns.owner == self.owner)
