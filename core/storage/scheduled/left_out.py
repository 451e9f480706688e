"""Whose words are in no digest: they said so, in any account of theirs, or an operator blocked them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity
from core.storage.db import (
    Database,
    batched,
    blocks,
    consents,
    digest_opt_outs,
    identities,
    insert_once,
)

ANYWHERE = ""
_MINE, _THEIRS = identities.alias("mine"), identities.alias("theirs")


class LeftOutStore:
    """Who is left out of digests.

    It is kept by platform ids, as it outlives the request to be forgotten. Accounts that are linked are one person:
    what one of them chose holds for all, those that are linked later among them. One that is taken out again keeps
    what was chosen while it was linked.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def among(
        self, platform: str, workspace: str, users: Collection[str], *, only_agreed: bool
    ) -> set[str]:
        """Whose words are not summarised: who said so, who is blocked, and who did not agree where people must.

        `workspace` is empty where one id is one person in all of them.
        """
        found: set[str] = set()
        agreed: set[str] = set()
        async with self._database.read() as connection:
            for some in batched(sorted(users)):
                for table in (digest_opt_outs, blocks):
                    theirs = (table.c.platform == platform) & table.c.user.in_(some)
                    if workspace:
                        theirs &= table.c.workspace.in_([ANYWHERE, workspace])
                    found |= set((await connection.execute(select(table.c.user).where(theirs))).scalars())
                linked = _out_elsewhere(platform, workspace, some)
                found |= set((await connection.execute(linked)).scalars())
                if only_agreed:
                    who = select(identities.c.user).join(
                        consents, consents.c.person_id == identities.c.person_id
                    )
                    who = who.where(identities.c.platform == platform, identities.c.user.in_(some))
                    who = who.where(consents.c.agreed_at.is_not(None))
                    agreed |= set((await connection.execute(who)).scalars())
        return found | (set(users) - agreed if only_agreed else set())

    async def leave_out(self, who: Identity) -> None:
        """Summarise nothing that somebody says from now on; where one id is one person, `workspace` is empty."""
        async with self._database.write() as connection:
            for each in [who, *await self._linked_with(connection, who)]:
                account = {"platform": each.platform, "workspace": each.workspace, "user": each.user}
                row = {**account, "since": self._now()}
                await connection.execute(insert_once(connection, digest_opt_outs), row)

    async def take_in(self, who: Identity) -> None:
        """Summarise it again."""
        async with self._database.write() as connection:
            for each in [who, *await self._linked_with(connection, who)]:
                theirs = (digest_opt_outs.c.platform == each.platform) & (digest_opt_outs.c.user == each.user)
                if each.workspace:
                    theirs &= digest_opt_outs.c.workspace.in_([ANYWHERE, each.workspace])
                await connection.execute(delete(digest_opt_outs).where(theirs))

    async def _linked_with(self, connection: AsyncConnection, who: Identity) -> list[Identity]:
        """The other accounts of a person, in each workspace that they were met in; in one order, for locks."""
        account = _THEIRS.c["platform", "workspace", "user"]
        found = select(*account).join_from(_MINE, _THEIRS, _MINE.c.person_id == _THEIRS.c.person_id)
        found = found.where(_are(who.platform, who.workspace, [who.user])).distinct().order_by(*account)
        return [Identity(*row) for row in (await connection.execute(found)).all()]


def _are(platform: str, workspace: str, users: Collection[str]) -> ColumnElement[bool]:
    these = (_MINE.c.platform == platform) & _MINE.c.user.in_(users)
    return these & (_MINE.c.workspace == workspace) if workspace else these


def _out_elsewhere(platform: str, workspace: str, users: Collection[str]) -> Select[Any]:
    """Those of whom an account that is linked to theirs is left out."""
    out = digest_opt_outs
    same = (out.c.platform == _THEIRS.c.platform) & (out.c.user == _THEIRS.c.user)
    same &= or_(out.c.workspace == ANYWHERE, out.c.workspace == _THEIRS.c.workspace)
    both = _MINE.c.person_id == _THEIRS.c.person_id
    found = select(_MINE.c.user).join_from(_MINE, _THEIRS, both).join(out, same)
    return found.where(_are(platform, workspace, users))
