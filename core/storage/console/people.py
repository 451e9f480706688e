"""Who asks the bot, and what it comes to: the people of the last weeks, those who asked most first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal_column, select

from core.storage.db import Database, identities, spoken_locale, turns, usage
from core.storage.spending import Price, usd_of

MOST = 100


@dataclass(frozen=True, slots=True)
class PersonLine:
    """What one person used, in all their identities."""

    person_id: int
    name: str
    """As a platform told it; else its id of them."""
    platform: str
    workspace: str
    locale: str
    """In which they are spoken to; `""`: not known."""
    answers: int
    tokens: int
    usd: float | None
    """None: not known."""
    answered_at: datetime
    """When they were last answered."""


class PeopleReads:
    """`core.console.people.People`, read from the rows."""

    def __init__(self, database: Database, price: Price) -> None:
        self._database = database
        self._price = price

    async def busiest(self, since: datetime) -> Sequence[PersonLine]:
        name = func.max(func.coalesce(func.nullif(identities.c.name, ""), identities.c.user))
        answers = func.count().label("answers")
        query = (
            select(
                func.max(identities.c.person_id),
                name,
                func.max(identities.c.platform),
                func.max(identities.c.workspace),
                func.max(spoken_locale()),
                answers,
                func.sum(usage.c.prompt_tokens + usage.c.completion_tokens),
                func.sum(usd_of(self._price)),
                func.max(usage.c.created_at),
            )
            .select_from(usage.join(turns).join(identities, turns.c.identity_id == identities.c.id))
            .where(usage.c.created_at > since)
            # SQLite would walk through everybody in the order of its index
            .group_by(identities.c.person_id + 0)
            .order_by(literal_column("answers").desc(), name)
            .limit(MOST)
        )
        async with self._database.read(many_rows=True) as connection:
            return [PersonLine(*row) for row in await connection.execute(query)]
