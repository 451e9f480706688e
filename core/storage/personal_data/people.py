"""Operators find people here by name or id, and choose whom the bot does not answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity
from core.storage.db import blocks, identities, insert_once

MOST_FOUND = 50
_MENTION = re.compile(r"<@!?([A-Za-z0-9]+)(?:\|[^<>]*)?>")
_NAMED = re.compile(r"([a-z][a-z0-9_-]*):(?:([^\s/]+)/)?(\S+)")
ANYWHERE = ""
"""The workspace of a block that holds in all of them."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as operators name it: `platform:user`, or `platform:workspace/user`."""

    platform: str
    workspace: str
    """`""`: whichever it is met in."""
    user: str

    def __str__(self) -> str:
        where = f"{self.workspace}/" if self.workspace else ""
        return f"{self.platform}:{where}{self.user}"


@dataclass(frozen=True, slots=True)
class Known:
    """A person whom the bot has met, in one workspace."""

    identity_id: int
    person_id: int
    identity: Identity
    name: str
    since: datetime
    last_at: datetime | None = None

    def account(self, global_ids: Collection[str]) -> Account:
        """What names them; on the platforms of `global_ids` in whichever workspace."""
        who = self.identity
        return Account(who.platform, "" if who.platform in global_ids else who.workspace, who.user)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Somebody whom the bot does not answer."""

    account: Account
    at: datetime


def named(wanted: str) -> Account | None:
    """Read `platform:user` or `platform:workspace/user`; None of anything else."""
    found = _NAMED.fullmatch(wanted.strip())
    return Account(found[1], found[2] or "", found[3]) if found else None


class People:
    """Finds and blocks people, within a transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def find(self, wanted: str, *, parts: bool = False) -> Sequence[Known]:
        """Who is called so, or has that id; who was met last stands first. `parts`: a part of a name is enough."""
        called = select(identities).where(_is_called(wanted, parts=parts))
        rows = await self._connection.execute(called.order_by(identities.c.id.desc()).limit(MOST_FOUND))
        return [_known(row) for row in rows]

    async def of_person(self, person_id: int) -> Sequence[Known]:
        """All accounts of a person."""
        theirs = select(identities).where(identities.c.person_id == person_id).order_by(identities.c.id)
        return [_known(row) for row in await self._connection.execute(theirs)]

    async def linked_with(self, identity_id: int) -> Sequence[Known]:
        """All accounts that are linked to one, itself among them; none where it is linked to none."""
        mine = select(identities.c.person_id).where(
            identities.c.id == identity_id, identities.c.home_person_id.is_not(None)
        )
        theirs = select(identities).where(identities.c.person_id == mine.scalar_subquery())
        return [_known(row) for row in await self._connection.execute(theirs.order_by(identities.c.id))]

    async def block(self, account: Account) -> bool:
        """Have somebody answered no more; False where they were blocked already."""
        row = insert_once(self._connection, blocks)
        values = {"platform": account.platform, "workspace": account.workspace, "user": account.user}
        return (await self._connection.execute(row, {**values, "blocked_at": self._now})).first() is not None

    async def unblock(self, account: Account) -> bool:
        """Have somebody answered again; False where they were not blocked. Without a workspace: in all of them."""
        theirs = (blocks.c.platform == account.platform) & (blocks.c.user == account.user)
        if account.workspace:
            theirs &= blocks.c.workspace.in_([account.workspace, ANYWHERE])
        return (await self._connection.execute(delete(blocks).where(theirs))).rowcount > 0

    async def blocked(self) -> Sequence[Blocked]:
        """All who are blocked, those of last first."""
        rows = await self._connection.execute(select(blocks).order_by(blocks.c.blocked_at.desc()))
        return [Blocked(Account(row.platform, row.workspace, row.user), row.blocked_at) for row in rows]

    async def first_told(self, who: Identity) -> bool:
        """Whether somebody who is blocked hears so for the first time; it counts as told."""
        theirs = (blocks.c.platform == who.platform) & (blocks.c.user == who.user)
        theirs &= blocks.c.workspace.in_([who.workspace, ANYWHERE]) & blocks.c.told_at.is_(None)
        return (
            await self._connection.execute(update(blocks).where(theirs).values(told_at=self._now))
        ).rowcount > 0


def _known(row: Row[Any]) -> Known:
    who = Identity(row.platform, row.workspace, row.user)
    return Known(row.id, row.person_id, who, row.name, row.created_at)


def _is_called(wanted: str, *, parts: bool) -> ColumnElement[bool]:
    if (account := named(wanted)) is not None:
        theirs = (identities.c.platform == account.platform) & (identities.c.user == account.user)
        return theirs & (identities.c.workspace == account.workspace) if account.workspace else theirs
    if found := _MENTION.fullmatch(wanted.strip()):
        return identities.c.user == found[1]
    name = wanted.strip().removeprefix("@").strip()
    is_named = func.lower(identities.c.name) == name.lower()
    if parts and name:
        is_named |= identities.c.name.icontains(name, autoescape=True)
    return or_(identities.c.user == name, is_named & (identities.c.name != ""))
