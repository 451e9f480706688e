"""Whose data it is: all that the bot knows a person as, where one account is met in several workspaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import identities


async def persons_of(
    connection: AsyncConnection, identity_id: int, global_ids: Collection[str]
) -> Sequence[int]:
    """The rows of `persons` that are somebody's; the one that an identity itself belongs to stands last.

    `global_ids` are the platforms on which one user id is one person, in whichever workspace.
    """
    account = identities.c["person_id", "platform", "user"]
    own = (await connection.execute(select(*account).where(identities.c.id == identity_id))).one()
    if own.platform not in global_ids:
        return [own.person_id]
    same = select(identities.c.person_id).where(
        identities.c.platform == own.platform, identities.c.user == own.user
    )
    found = (await connection.execute(same.distinct().order_by(identities.c.person_id))).scalars()
    return [*(each for each in found if each != own.person_id), own.person_id]


async def identities_of(connection: AsyncConnection, person_ids: Collection[int]) -> Sequence[int]:
    """The identities of these persons."""
    theirs = select(identities.c.id).where(identities.c.person_id.in_(person_ids)).order_by(identities.c.id)
    return (await connection.execute(theirs)).scalars().all()
