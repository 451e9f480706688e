"""A process's looks at what it shares with others: all that are due at the same moment are one statement."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, Boolean, Integer, Row, String, bindparam, text

from core.storage.db import Database, Instant, Label

LOOK = text("""
    WITH asked AS (
        SELECT name, size FROM unnest(:names, :sizes) AS a(name, size)
    ), wanted AS (
        SELECT name, part, keeps FROM unnest(:part_names, :parts, :keeps) AS w(name, part, keeps)
    ), there AS (
        INSERT INTO cluster_members (name, owner, size, held_until)
        SELECT name, :owner, size, :until FROM asked
        ON CONFLICT (name, owner) DO UPDATE SET size = excluded.size, held_until = excluded.held_until
    ), renewed AS (
        UPDATE cluster_parts AS p SET held_until = CASE WHEN keeps THEN :until ELSE :now END
        FROM asked JOIN wanted USING (name)
        WHERE p.name = asked.name AND p.size = asked.size AND p.part = wanted.part AND p.owner = :owner
        RETURNING p.name, p.part, keeps
    )
    SELECT 'kept' AS what, name, part, :owner AS owner FROM renewed WHERE keeps
    UNION ALL
    SELECT 'member', m.name, NULL, m.owner FROM cluster_members AS m JOIN asked USING (name, size)
    WHERE m.held_until > :now AND m.owner <> :owner
    UNION ALL
    SELECT 'held', p.name, p.part, p.owner FROM cluster_parts AS p JOIN asked USING (name, size)
    WHERE p.held_until > :now AND NOT (
        p.owner = :owner AND EXISTS (SELECT FROM wanted WHERE wanted.name = p.name AND wanted.part = p.part)
    )
""").bindparams(
    bindparam("owner", type_=Label(64)),
    bindparam("now", type_=Instant()),
    bindparam("until", type_=Instant()),
    bindparam("names", type_=ARRAY(String)),
    bindparam("sizes", type_=ARRAY(Integer)),
    bindparam("part_names", type_=ARRAY(String)),
    bindparam("parts", type_=ARRAY(Integer)),
    bindparam("keeps", type_=ARRAY(Boolean)),
)
"""All of a look in one statement, since each process asks it every few seconds for as long as it runs.

Its parts see the rows as they were before it, so what it changes itself is left out of what is read: this process among
the members, and the parts that it keeps or gives back. Who takes a part asks for the row anew (`PartStore.take`)."""


@dataclass(frozen=True, slots=True)
class Shared:
    """How something is shared at one moment."""

    ours: frozenset[int]
    """The parts of this process that it goes on having."""
    holding: Mapping[str, int]
    """Each living process, and how many parts it has."""
    free: frozenset[int]
    """The parts that nobody has."""


@dataclass(slots=True)
class _Wish:
    """A look at one thing that is shared, which is cut into `size` parts."""

    name: str
    size: int
    keeps: Mapping[int, bool]
    """The parts that are kept where they are still ours, and those that are given back."""
    found: Shared | None = None


class Looks:
    """The looks of one process, by the database's time."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], owner: str, *, lease_s: float
    ) -> None:
        """`owner` names this process; what it does not renew is anybody's after `lease_s`."""
        self.owner = owner
        self.lease_s = lease_s
        self._database = database
        self._now = now
        self._wishes: list[_Wish] = []
        self._asking = asyncio.Lock()
        self._moment: asyncio.Future[None] | None = None

    async def pause(self, seconds: float) -> None:
        """Pause for so long at most: all who do end it together, when the first one's time is over."""
        if self._moment is None or self._moment.done():
            loop = asyncio.get_running_loop()
            self._moment = loop.create_future()
            loop.call_later(seconds, self._moment.set_result, None)
        await asyncio.shield(self._moment)

    async def look(self, name: str, size: int, keep: Collection[int], ended: Collection[int]) -> Shared:
        """Stay a member, keep the parts `keep` where they are still ours, give `ended` back; how things stand then.

        `keep` and `ended` have no part in common, and nobody looks at one name twice at once.
        """
        wish = _Wish(name, size, {**dict.fromkeys(keep, True), **dict.fromkeys(ended, False)})
        self._wishes.append(wish)
        try:
            async with self._asking:
                while (found := wish.found) is None:
                    await asyncio.sleep(0)  # others whose pause ended with this one's say what they want
                    await self._ask([*self._wishes])
                return found
        finally:
            self._wishes.remove(wish)

    async def _ask(self, wishes: Sequence[_Wish]) -> None:
        now = self._now()
        parts = [(each.name, part, keeps) for each in wishes for part, keeps in sorted(each.keeps.items())]
        given = {
            "owner": self.owner,
            "now": now,
            "until": now + timedelta(seconds=self.lease_s),
            "names": [each.name for each in wishes],
            "sizes": [each.size for each in wishes],
            "part_names": [name for name, _, _ in parts],
            "parts": [part for _, part, _ in parts],
            "keeps": [keeps for _, _, keeps in parts],
        }
        async with self._database.each_by_itself(urgent=True) as connection:
            rows = (await connection.execute(LOOK, given)).all()
        for each in wishes:
            each.found = _shared(self.owner, each, [row for row in rows if row.name == each.name])


def _shared(owner: str, wish: _Wish, rows: Sequence[Row[Any]]) -> Shared:
    """What the rows of a look say."""
    holding = {owner: 0, **{row.owner: 0 for row in rows if row.what == "member"}}
    parts = {row.part: row for row in rows if row.what != "member"}
    for row in parts.values():
        if row.owner in holding:
            holding[row.owner] += 1
    ours = frozenset(part for part, row in parts.items() if row.what == "kept")
    return Shared(ours, holding, frozenset(range(wish.size)) - parts.keys())
