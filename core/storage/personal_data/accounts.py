"""Whose data it is: all that the bot knows a person as, in several workspaces and in linked accounts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import identities


def own_person() -> ColumnElement[int]:
    """The person that an identity is by itself: the one of before, while it is linked to another's."""
    return func.coalesce(identities.c.home_person_id, identities.c.person_id)


def counted_with(person: ColumnElement[Any]) -> Select[Any]:
    """The persons that count as one with a person: that one, and those of the accounts that are linked to it."""
    mine, theirs = identities.alias("mine"), identities.alias("theirs")
    linked = select(func.coalesce(theirs.c.home_person_id, theirs.c.person_id)).join_from(
        mine, theirs, theirs.c.person_id == mine.c.person_id
    )
    found = linked.where(or_(mine.c.person_id == person, mine.c.home_person_id == person))
    return select(found.union(select(person)).subquery())


def talking_with(identity_id: int | ScalarSelect[Any]) -> Select[Any]:
    """The other identities with which one has a single conversation in private."""
    mine, theirs = identities.alias("mine"), identities.alias("theirs")
    linked = select(theirs.c.id).join_from(mine, theirs, theirs.c.person_id == mine.c.person_id)
    return linked.where(
        mine.c.id == identity_id, theirs.c.id != mine.c.id, mine.c.shares_talk, theirs.c.shares_talk
    )


async def persons_of(
    connection: AsyncConnection, identity_id: int, global_ids: Collection[str]
) -> Sequence[int]:
    """The rows of `persons` that are somebody's; the one that an identity itself belongs to stands last.

    `global_ids` are the platforms on which one user id is one person, in whichever workspace. Of linked accounts the
    persons that they were before are among them: what AIVAX keeps, it keeps by those.
    """
    account = identities.c["person_id", "home_person_id", "platform", "user"]
    own = (await connection.execute(select(*account).where(identities.c.id == identity_id))).one()
    found = {own.person_id}
    accounts = {(own.platform, own.user)}
    if own.home_person_id is not None:
        linked = await connection.execute(select(*account).where(identities.c.person_id == own.person_id))
        for row in linked.all():
            found |= {row.person_id, row.home_person_id or row.person_id}
            accounts.add((row.platform, row.user))
    for platform, user in sorted(accounts):
        if platform in global_ids:
            same = select(identities.c.person_id, own_person()).where(
                identities.c.platform == platform, identities.c.user == user
            )
            found |= {each for row in await connection.execute(same) for each in row}
    return [*sorted(found - {own.person_id}), own.person_id]


async def identities_of(connection: AsyncConnection, person_ids: Collection[int]) -> Sequence[int]:
    """The identities of these persons."""
    theirs = select(identities.c.id).where(identities.c.person_id.in_(person_ids)).order_by(identities.c.id)
    return (await connection.execute(theirs)).scalars().all()
