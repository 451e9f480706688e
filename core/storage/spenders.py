"""Who, and which places, answers cost most for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, literal_column, select

from core.storage.db import Database, calls, conversations, identities, turns
from core.storage.db import usage as usage_table
from core.storage.spending import Price, usd_of


@dataclass(frozen=True, slots=True)
class PersonsShare:
    """What the answers to one person came to."""

    name: str
    """As their platform told it; else its id of them."""
    platform: str
    answers: int
    usd: float | None
    """None: not known."""


@dataclass(frozen=True, slots=True)
class PlacesShare:
    """What the answers in one channel came to, or those in all direct messages of a workspace."""

    platform: str
    workspace: str
    channel: str
    """`""`: direct messages."""
    answers: int
    usd: float | None


class Spenders:
    """Sums up what is stored, over all processes."""

    def __init__(self, database: Database, price: Price) -> None:
        self._database = database
        self._price = price

    async def people(self, since: datetime, most: int) -> list[PersonsShare]:
        """Those whose answers cost most since then."""
        name = func.max(func.coalesce(func.nullif(identities.c.name, ""), identities.c.user))
        query = (
            select(name, func.max(identities.c.platform), *self._sums())
            .select_from(usage_table.join(turns).join(identities, turns.c.identity_id == identities.c.id))
            .group_by(
                identities.c.person_id + 0
            )  # SQLite would walk through everybody in the order of its index
        )
        async with self._database.read() as connection:
            rows = await connection.execute(_dearest(query, since, most))
            return [PersonsShare(*row) for row in rows]

    async def places(self, since: datetime, most: int) -> list[PlacesShare]:
        """The channels in which answers cost most since then."""
        channel = case((conversations.c.private, literal_column("''")), else_=conversations.c.channel)
        where = (conversations.c.platform, conversations.c.workspace, channel)
        query = (
            select(*where, *self._sums())
            .select_from(
                usage_table.join(turns).join(conversations, turns.c.conversation_id == conversations.c.id)
            )
            .group_by(*where)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(_dearest(query, since, most))
            return [PlacesShare(*row) for row in rows]

    async def calls_since(self, since: datetime) -> int:
        """How many calls to AIVAX were made since then, a day ago at the earliest, as far as they are counted."""
        made = select(func.count()).where(calls.c.at > since, calls.c.sent)
        async with self._database.read() as connection:
            return int((await connection.execute(made)).scalar_one())

    def _sums(self) -> tuple[Any, ...]:
        return func.count(), func.sum(usd_of(self._price)).label("usd")


def _dearest(query: Select[Any], since: datetime, most: int) -> Select[Any]:
    """Those of which no cost is known come last."""
    usd = query.selected_columns["usd"]
    recent = query.where(usage_table.c.created_at > since)
    return recent.order_by(usd.is_(None), usd.desc()).limit(most)
