"""Codes by which people link accounts, as rows: stored as digests, used once, and gone after some minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import link_codes


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two accounts, and where it is asked and told."""

    identity_id: int
    conversation_id: int
    address: str
    turn_id: int | None = None
    """The turn that asks it whether it agrees; None: it was not asked yet."""


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A code that is still good."""

    id: int
    maker: Side
    user: Side | None
    """Who used it; None: nobody yet."""
    has_agreed: bool
    """Whether who used it has agreed."""
    shares_talk: bool
    """Whether what is said in private is to be one conversation."""


class LinkCodes:
    """Gives codes out and takes them in, within a transaction."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, digest: str, maker: Side, expires_at: datetime) -> None:
        """Keep a new code of somebody's, in place of any before it, and of a question that they did not answer."""
        old = _waits_for(maker.identity_id) | (link_codes.c.expires_at <= self._now)
        await self._connection.execute(delete(link_codes).where(old))
        row = {
            "digest": digest,
            "identity_id": maker.identity_id,
            "conversation_id": maker.conversation_id,
            "address": maker.address,
            "expires_at": expires_at,
        }
        await self._connection.execute(link_codes.insert().values(row))

    async def void(self, digest: str) -> None:
        """Make a code worthless."""
        await self._connection.execute(delete(link_codes).where(link_codes.c.digest == digest))

    async def find(self, digest: str) -> LinkCode | None:
        """The code with this digest, if it is good."""
        return await self._one(link_codes.c.digest == digest)

    async def use(self, digest: str, user: Side, *, shares_talk: bool) -> LinkCode | None:
        """Take a code in; None where it is not good any more. Of two who use it at once, the first has used it.

        Who uses one has no code of their own any more: so nobody is asked two things at once, to which a word of
        theirs could be the answer.
        """
        before = _waits_for(user.identity_id)
        await self._connection.execute(delete(link_codes).where(before, link_codes.c.digest != digest))
        free = (link_codes.c.digest == digest) & link_codes.c.by_identity_id.is_(None)
        used = (
            update(link_codes)
            .where(free, self._is_good())
            .values(
                by_identity_id=user.identity_id,
                by_conversation_id=user.conversation_id,
                by_address=user.address,
                by_turn_id=user.turn_id,
                shares_talk=shares_talk,
            )
        )
        await self._connection.execute(used)
        mine = (link_codes.c.digest == digest) & (link_codes.c.by_identity_id == user.identity_id)
        return await self._one(mine)

    async def agree(self, code: LinkCode) -> None:
        """Remember that who used it agrees."""
        agreed = update(link_codes).where(link_codes.c.id == code.id)
        await self._connection.execute(agreed.values(by_agreed=True))

    async def asked(self, code: LinkCode, turn_id: int) -> None:
        """Remember by which turn its maker is asked."""
        asking = update(link_codes).where(link_codes.c.id == code.id)
        await self._connection.execute(asking.values(asked_turn_id=turn_id))

    async def drop(self, code: LinkCode) -> bool:
        """End it; False where somebody else has."""
        ended = delete(link_codes).where(link_codes.c.id == code.id)
        return (await self._connection.execute(ended)).rowcount > 0

    async def of_turn(self, turn_id: int) -> LinkCode | None:
        """The code that a turn asks about."""
        return await self._one(or_(link_codes.c.asked_turn_id == turn_id, link_codes.c.by_turn_id == turn_id))

    async def waiting_for(self, identity_id: int) -> LinkCode | None:
        """The code that waits for somebody to agree."""
        as_user = (link_codes.c.by_identity_id == identity_id) & ~link_codes.c.by_agreed
        as_maker = (link_codes.c.identity_id == identity_id) & link_codes.c.by_agreed
        return await self._one(as_user | as_maker)

    def _is_good(self) -> ColumnElement[bool]:
        return link_codes.c.expires_at > self._now

    async def _one(self, which: ColumnElement[bool]) -> LinkCode | None:
        found = select(link_codes).where(which, self._is_good()).order_by(link_codes.c.id.desc()).limit(1)
        row = (await self._connection.execute(found)).one_or_none()
        return _code(row) if row is not None else None


def _waits_for(identity_id: int) -> ColumnElement[bool]:
    """Whether a code is somebody's own, or one that they used and did not agree to yet."""
    used = (link_codes.c.by_identity_id == identity_id) & ~link_codes.c.by_agreed
    return (link_codes.c.identity_id == identity_id) | used


def _code(row: Row[Any]) -> LinkCode:
    user = None
    if row.by_identity_id is not None:
        user = Side(row.by_identity_id, row.by_conversation_id, row.by_address, row.by_turn_id)
    maker = Side(row.identity_id, row.conversation_id, row.address, row.asked_turn_id)
    return LinkCode(row.id, maker, user, row.by_agreed, row.shares_talk)
