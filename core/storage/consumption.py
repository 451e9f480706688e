"""What people, workspaces and the whole bot have used in a time: counted from the rows, so right in every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import PERHAPS, SETTINGS, SUMMARISE, Scope
from core.storage.db import conversations, identities, persons, turns
from core.storage.db import usage as usage_table
from core.storage.spending import Price, Spending, identities_of, usd_of


@dataclass(frozen=True, slots=True)
class Used:
    """What somebody used in a time."""

    messages: int
    tokens: int
    usd: float | None
    """None: not known."""
    summary_tokens: int = 0
    """Those of the tokens that summaries of their conversations took."""


class Consumption:
    """Counts within a transaction. Questions count, not what the bot says for itself."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def spending(self, price: Price) -> Spending:
        """What was spent, at this price where AIVAX does not tell it."""
        return Spending(self._connection, price)

    async def lock_person(self, identity_id: int) -> None:
        """Let nobody else count this person's messages until the transaction ends."""
        row = select(persons.c.id).where(persons.c.id == _person_of(identity_id))
        await self._connection.execute(row.with_for_update(key_share=True))

    async def lock_workspace(self, platform: str, workspace: str) -> None:
        """Let nobody else count this workspace's messages until the transaction ends."""
        if self._connection.dialect.name == "postgresql":
            key = func.hashtextextended(f"messages:{platform}:{workspace}", 0)
            await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def nth_of_person(self, identity_id: int, most: int, since: datetime) -> datetime | None:
        """When the person sent the message that used up `most`; None while they have some left."""
        asked = turns.c.identity_id.in_(identities_of(identity_id))
        return await self._nth(select(turns.c.created_at).where(asked), most, since)

    async def nth_of_workspace(
        self, platform: str, workspace: str, most: int, since: datetime
    ) -> datetime | None:
        """When the message was sent that used up `most` in a workspace; None while there are some left."""
        return await self.nth_in(Scope(platform, workspace), most, since)

    async def nth_in(
        self, scope: Scope, most: int, since: datetime, identity_id: int | None = None
    ) -> datetime | None:
        """When the message was sent that used up `most` in a channel or server; None while there are some left.

        With an identity only its person's count. To change the settings of a place does not count.
        """
        of_turn = select(conversations.c.id).where(conversations.c.id == turns.c.conversation_id)
        there = of_turn.where(
            conversations.c.platform == scope.platform, conversations.c.workspace == scope.workspace
        )
        if scope.channel:
            there = there.where(conversations.c.channel == scope.channel)
        # looked up turn by turn: a day's turns are fewer than all conversations
        counts = turns.c.capability.is_distinct_from(SETTINGS)
        asked = select(turns.c.created_at).where(there.scalar_subquery().is_not(None), counts)
        if identity_id is not None:
            asked = asked.where(turns.c.identity_id.in_(identities_of(identity_id)))
        return await self._nth(asked, most, since)

    async def nth_of_capability(
        self, identity_id: int, capability: str, most: int, since: datetime
    ) -> datetime | None:
        """When the person had a capability used that used up `most`; None while they have some left.

        What may be meant for it counts until it is known not to be.
        """
        perhaps = (capability, f"{PERHAPS}{capability}")
        theirs = turns.c.identity_id.in_(identities_of(identity_id)) & turns.c.capability.in_(perhaps)
        return await self._nth(select(turns.c.created_at).where(theirs), most, since)

    async def messages_of(self, identity_id: int, since: datetime) -> list[datetime]:
        """When the person sent their messages since then, the oldest first."""
        asked = turns.c.identity_id.in_(identities_of(identity_id))
        query = _counted(select(turns.c.created_at).where(asked), since).order_by(turns.c.created_at)
        return list((await self._connection.execute(query)).scalars())

    async def used_by(self, identity_id: int, since: datetime, price: Price) -> Used:
        """What the person's questions since then came to, and what was made after their answers."""
        tokens = usage_table.c.prompt_tokens + usage_table.c.completion_tokens
        asked, summed = case((~turns.c.notice, turns.c.id)), case((turns.c.capability == SUMMARISE, tokens))
        query: Any = (
            select(func.count(asked), func.sum(tokens), func.sum(usd_of(price)), func.sum(summed))
            .select_from(turns.outerjoin(usage_table))
            .where(turns.c.identity_id.in_(identities_of(identity_id)), turns.c.created_at > since)
        )
        row = (await self._connection.execute(query)).one()
        return Used(row[0], int(row[1] or 0), row[2], int(row[3] or 0))

    async def _nth(self, asked: Select[Any], most: int, since: datetime) -> datetime | None:
        newest = _counted(asked, since).order_by(turns.c.created_at.desc()).offset(most - 1).limit(1)
        at: datetime | None = await self._connection.scalar(newest)
        return at


def _counted(query: Select[Any], since: datetime) -> Select[Any]:
    return query.where(~turns.c.notice, turns.c.created_at > since)


def _person_of(identity_id: int) -> Any:
    return select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()
