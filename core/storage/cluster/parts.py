"""Rows that say which process has which part of something, such as a shard, and which processes there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, Row, bindparam, delete, func, select, text, update

from core.storage.db import Database, Instant, Label, cluster_members, cluster_parts, insert_into

FORGET_AFTER = timedelta(hours=1)
"""When rows of processes that are gone are deleted."""

LOOK = text("""
    WITH there AS (
        INSERT INTO cluster_members (name, owner, size, held_until) VALUES (:name, :owner, :size, :until)
        ON CONFLICT (name, owner) DO UPDATE SET size = excluded.size, held_until = excluded.held_until
    ), given AS (
        UPDATE cluster_parts SET held_until = :now
        WHERE name = :name AND size = :size AND owner = :owner AND part = ANY(:ended)
    ), kept AS (
        UPDATE cluster_parts SET held_until = :until
        WHERE name = :name AND size = :size AND owner = :owner AND part = ANY(:keep)
        RETURNING part
    )
    SELECT 'kept' AS what, part, :owner AS owner FROM kept
    UNION ALL
    SELECT 'member', NULL, owner FROM cluster_members
    WHERE name = :name AND size = :size AND held_until > :now AND owner <> :owner
    UNION ALL
    SELECT 'held', part, owner FROM cluster_parts
    WHERE name = :name AND size = :size AND held_until > :now
        AND NOT (owner = :owner AND part = ANY(:keep || :ended))
""").bindparams(
    bindparam("name", type_=Label(32)),
    bindparam("owner", type_=Label(64)),
    bindparam("size", type_=Integer()),
    bindparam("now", type_=Instant()),
    bindparam("until", type_=Instant()),
    bindparam("keep", type_=ARRAY(Integer)),
    bindparam("ended", type_=ARRAY(Integer)),
)
"""All of a look in one statement, since each process asks it every few seconds for as long as it runs.

Its parts see the rows as they were before it, so what it changes itself is left out of what is read: this process among
the members, and the parts that it keeps or gives back. Who takes a part asks for the row anew (`take`)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How something is shared at one moment."""

    ours: frozenset[int]
    """The parts of this process that it goes on having."""
    holding: Mapping[str, int]
    """Each living process, and how many parts it has."""
    free: frozenset[int]
    """The parts that nobody has."""


class PartStore:
    """Parts by name, each some process's for a while, by the database's time."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], name: str, owner: str, *, lease_s: float
    ) -> None:
        """`owner` names this process; what it does not renew is anybody's after `lease_s`."""
        self.owner = owner
        self.lease_s = lease_s
        self._database = database
        self._now = now
        self._name = name

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
        now = self._now()
        given = {
            "name": self._name,
            "owner": self.owner,
            "size": size,
            "now": now,
            "until": now + timedelta(seconds=self.lease_s),
            "keep": sorted(keep),
            "ended": sorted(ended),
        }
        async with self._database.write(urgent=True) as connection:
            rows = (await connection.execute(LOOK, given)).all()
        return _shared(self.owner, size, rows)

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


def _shared(owner: str, size: int, rows: Sequence[Row[Any]]) -> Shared:
    """What the rows of a look say."""
    holding = {owner: 0, **{row.owner: 0 for row in rows if row.what == "member"}}
    parts = {row.part: row for row in rows if row.what != "member"}
    for row in parts.values():
        if row.owner in holding:
            holding[row.owner] += 1
    ours = frozenset(part for part, row in parts.items() if row.what == "kept")
    return Shared(ours, holding, frozenset(range(size)) - parts.keys())
