"""How frontends find what they missed: what was heard, when and where, and what is still to be looked through."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import CTE, delete, func, literal_column, select

from core.domain import Place
from core.storage.db import Database, batched, conversations, deliveries, insert_into, looks_back, turns


class Missed:
    """See the methods of the same names of `core.domain.ports.Intake`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heard_until(self, platform: str) -> Mapping[str, datetime]:
        """When something was last said in each workspace."""
        workspaces = _workspaces(platform)
        theirs = conversations.c.workspace == workspaces.c.name
        latest = select(func.max(conversations.c.active_at)).where(
            conversations.c.platform == platform, theirs
        )
        query = select(workspaces.c.name, latest.scalar_subquery().label("at"))
        async with self._database.read() as connection:
            rows = await connection.execute(query.where(workspaces.c.name.is_not(None)))
            return {row.name: row.at for row in rows}

    async def places(self, platform: str, since: datetime) -> Sequence[Place]:
        """Where somebody spoke with the bot since then, the newest first."""
        workspaces = _workspaces(platform)
        columns = conversations.c["platform", "workspace", "channel", "thread", "private"]
        recent = (
            select(*columns)
            .join(workspaces, conversations.c.workspace == workspaces.c.name)
            .where(conversations.c.platform == platform, conversations.c.active_at >= since)
            .order_by(conversations.c.active_at.desc())
        )
        async with self._database.read() as connection:
            return list(dict.fromkeys(Place(*row) for row in await connection.execute(recent)))

    async def look_back(self, platform: str, since: Mapping[str, datetime]) -> Mapping[str, datetime]:
        """Record what is to be looked through; returns that and what earlier processes did not end."""
        rows = [{"platform": platform, "workspace": name, "since": at} for name, at in sorted(since.items())]
        query = select(looks_back.c.workspace, looks_back.c.since).where(looks_back.c.platform == platform)
        async with self._database.write() as connection:
            if rows:
                row = insert_into(connection, looks_back)
                earlier = row.excluded.since < looks_back.c.since
                values = {"since": row.excluded.since}
                await connection.execute(
                    row.on_conflict_do_update(
                        index_elements=list(looks_back.primary_key), set_=values, where=earlier
                    ),
                    rows,
                )
            return {row.workspace: row.since for row in await connection.execute(query)}

    async def looked_back(self, platform: str, workspace: str, since: datetime) -> None:
        """Record that a workspace was looked through, unless more of it was to be."""
        done = delete(looks_back).where(
            looks_back.c.platform == platform,
            looks_back.c.workspace == workspace,
            looks_back.c.since >= since,
        )
        async with self._database.write() as connection:
            await connection.execute(done)

    async def answers(self, place: Place, message_ids: Collection[str]) -> Collection[str]:
        """Those of a channel's messages that are recorded as parts of answers."""
        query = (
            select(deliveries.c.message_id)
            .join(turns, turns.c.id == deliveries.c.turn_id)
            .join(conversations, conversations.c.id == turns.c.conversation_id)
            .where(
                conversations.c.platform == place.platform,
                conversations.c.workspace == place.workspace,
                conversations.c.channel == place.channel,
                deliveries.c.message_id != literal_column("''"),  # as the index is worded
            )
        )
        found: set[str] = set()
        async with self._database.read() as connection:
            for some in batched(sorted(message_ids)):
                rows = await connection.execute(query.where(deliveries.c.message_id.in_(some)))
                found.update(rows.scalars())
        return found


def _workspaces(platform: str) -> CTE:
    """The workspaces of a platform, and a null: each is looked up in the index behind the one before it.

    `DISTINCT` would read every conversation, and there are few workspaces.
    """
    first = select(func.min(conversations.c.workspace).label("name"))
    found = first.where(conversations.c.platform == platform).cte("workspaces", recursive=True)
    following = select(func.min(conversations.c.workspace)).where(
        conversations.c.platform == platform, conversations.c.workspace > found.c.name
    )
    return found.union_all(select(following.scalar_subquery()).where(found.c.name.is_not(None)))
