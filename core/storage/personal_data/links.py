"""Which accounts are one person: they are linked, taken apart, and told from others, within a transaction.

Every identity has a person of its own (`home_person_id`, once it is linked); linked ones point at one of these
together, by which all that counts people counts them as one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity, Place
from core.storage.db import (
    blocks,
    calls,
    consents,
    conversations,
    erasures,
    failures,
    identities,
    insert_into,
    installations,
    lock_conversations,
    lock_links,
    persons,
    turns,
)
from core.storage.personal_data.accounts import identities_of, own_person, persons_of
from core.storage.personal_data.people import ANYWHERE, Account


class NotLinked(StrEnum):
    """Why two accounts can't be linked."""

    ALREADY = "already"
    BLOCKED = "blocked"
    FORGETTING = "forgetting"
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Met:
    """An account as people are told of it."""

    identity_id: int
    identity: Identity
    account: Account
    name: str
    workspace_name: str
    """`""`: not known."""
    shares_talk: bool


class Links:
    """Links accounts, and takes them apart."""

    def __init__(self, connection: AsyncConnection, now: datetime, global_ids: Collection[str]) -> None:
        """`global_ids`: see `persons_of`."""
        self._connection = connection
        self._now = now
        self._global_ids = global_ids

    async def hold(self, *identity_ids: int) -> None:
        """Let nobody else link, block or count these people until the transaction ends.

        To be done before any conversation is locked; see `core.storage.db.row_locks`.
        """
        await lock_links(self._connection)
        theirs = {person for each in identity_ids for person in await self._persons(each)}
        held = select(persons.c.id).where(persons.c.id.in_(theirs)).order_by(persons.c.id)
        await self._connection.execute(held.with_for_update(key_share=True))

    async def hold_conversations(self, conversation_ids: Collection[int]) -> None:
        """Lock the conversations in which both sides are told, at once and in their order."""
        await lock_conversations(self._connection, conversations.c.id.in_(conversation_ids))

    async def met(self, identity_id: int) -> Met:
        """One account."""
        row = (await self._connection.execute(_met().where(identities.c.id == identity_id))).one()
        return self._as_met(row)

    async def linked(self, identity_id: int) -> Sequence[Met]:
        """The accounts that are linked to one, itself among them, those known longest first; none, where none is.

        One that was met in several workspaces stands once.
        """
        mine = select(identities.c.person_id).where(identities.c.id == identity_id)
        theirs = (identities.c.person_id == mine.scalar_subquery()) & identities.c.home_person_id.is_not(None)
        rows = await self._connection.execute(_met().where(theirs).order_by(identities.c.id))
        found: dict[Account, Met] = {}
        for row in rows.all():
            met = self._as_met(row)
            found.setdefault(met.account, met)
        return list(found.values())

    async def why_not(self, one: int, other: int, *, most: int) -> NotLinked | None:
        """Why two identities can't be linked now; None: they can. `most`: accounts of one person."""
        theirs, others = await self._persons(one), await self._persons(other)
        if set(theirs) & set(others):
            return NotLinked.ALREADY
        both = [*theirs, *others]
        if await self._any_blocked(await identities_of(self._connection, both)):
            return NotLinked.BLOCKED
        if await self._connection.scalar(select(exists().where(erasures.c.person_id.in_(both)))):
            return NotLinked.FORGETTING
        rows = await self._connection.execute(_met().where(identities.c.person_id.in_(both)))
        accounts = {self._as_met(row).account for row in rows.all()}
        return NotLinked.TOO_MANY if len(accounts) > most else None

    async def link(self, host: int, other: int, *, shares_talk: bool) -> None:
        """Make one person of two, the one that the first identity belongs to; `hold` them before."""
        both = [*await self._persons(other), *await self._persons(host)]
        host_person = both[-1]
        ids = await identities_of(self._connection, both)
        shares = await self._shares(ids, shares_talk=shares_talk)
        theirs = identities.c.id.in_(ids)
        joined = {"home_person_id": own_person(), "person_id": host_person, "shares_talk": shares}
        await self._speak_alike(ids, [host, other])
        await self._connection.execute(update(identities).where(theirs).values(**joined))
        await self._count_as(both, host_person)
        await self._agree_alike(both, [host_person])

    async def take_out(self, identity_id: int) -> bool:
        """Make an account a person by itself again, in whichever workspace it is met; False: it was linked to none.

        What it said stays its own, and what the others said theirs. One that is left alone is linked to none, too.
        `hold` it before.
        """
        rows = await self._group(identity_id)
        gone = next((self._account(row) for row in rows if row.id == identity_id), None)
        left = {self._account(row) for row in rows} - {gone}
        if gone is None or not left:
            return False
        person = rows[0].person_id
        going = [row for row in rows if self._account(row) == gone or len(left) == 1]
        staying = [row for row in rows if row not in going]
        own = {row.home_person_id for row in rows}
        apart = update(identities).where(identities.c.id.in_([row.id for row in going]))
        alone = {"person_id": identities.c.home_person_id, "home_person_id": None, "shares_talk": False}
        await self._connection.execute(apart.values(**alone))
        if staying and person in {row.home_person_id for row in going}:
            together = update(identities).where(identities.c.id.in_([row.id for row in staying]))
            await self._connection.execute(together.values(person_id=staying[0].home_person_id))
        await self._count_apart(person)
        await self._agree_alike([person], sorted(own))
        return True

    async def place_of(self, conversation_id: int) -> Place:
        """Where a conversation is."""
        columns = conversations.c["platform", "workspace", "channel", "thread", "private"]
        row = await self._connection.execute(select(*columns).where(conversations.c.id == conversation_id))
        return Place(*row.one())

    async def last_private(self, identity_id: int) -> tuple[Place, str] | None:
        """Where somebody said something in private last, and its address; None where that is not known any more."""
        private = select(
            *conversations.c["platform", "workspace", "channel", "thread", "private"], turns.c.address
        )
        private = private.join_from(turns, conversations, turns.c.conversation_id == conversations.c.id)
        theirs = (turns.c.identity_id == identity_id) & (turns.c.address != "") & ~turns.c.notice
        found = private.where(theirs, conversations.c.private).order_by(turns.c.id.desc()).limit(1)
        row = (await self._connection.execute(found)).one_or_none()
        return (Place(*row[:5]), row.address) if row is not None else None

    async def newest(self, identity_id: int) -> int | None:
        """Of the accounts that are linked to one, that which joined last: itself, where it joined another's."""
        rows = await self._group(identity_id)
        own = next((row for row in rows if row.id == identity_id), None)
        if own is None or own.home_person_id != own.person_id:
            return own.id if own is not None else None
        joined = [
            row.id
            for row in rows
            if row.home_person_id != row.person_id and self._account(row) != self._account(own)
        ]
        return max(joined, default=None)

    async def share_talk(self, identity_id: int, *, shares: bool) -> None:
        """Make one conversation of what linked accounts say in private, or no more."""
        mine = select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()
        theirs = (identities.c.person_id == mine) & identities.c.home_person_id.is_not(None)
        await self._connection.execute(update(identities).where(theirs).values(shares_talk=shares))

    async def move_to(self, person_id: int, before: str | None, time_zone: str) -> None:
        """Give linked accounts a new time zone, where they have the old one, or none."""
        moves = (identities.c.time_zone == before) | (func.coalesce(identities.c.time_zone, "") == "")
        theirs = (identities.c.person_id == person_id) & moves
        await self._connection.execute(update(identities).where(theirs).values(time_zone=time_zone))

    async def join(self, identity_id: int, identity: Identity) -> bool:
        """Link an account that is met in one more workspace, as it is in the others; whether it is linked in any.

        Nobody gets around a limit, or a block, by that.
        """
        if identity.platform not in self._global_ids:
            return False
        await lock_links(self._connection, shared=True)
        same = (identities.c.platform == identity.platform) & (identities.c.user == identity.user)
        known = select(identities).where(same, identities.c.home_person_id.is_not(None)).limit(1)
        row = (await self._connection.execute(known)).one_or_none()
        if row is None:
            return False
        alike = {name: getattr(row, name) for name in ("person_id", "chosen_locale", "shares_talk")}
        new = update(identities).where(identities.c.id == identity_id)
        await self._connection.execute(new.values(home_person_id=identities.c.person_id, **alike))
        if await self._any_blocked(await identities_of(self._connection, [row.person_id])):
            block = insert_into(self._connection, blocks).values(
                platform=identity.platform, workspace=ANYWHERE, user=identity.user, blocked_at=self._now
            )
            await self._connection.execute(block.on_conflict_do_nothing())
        return True

    async def _persons(self, identity_id: int) -> Sequence[int]:
        return await persons_of(self._connection, identity_id, self._global_ids)

    async def _group(self, identity_id: int) -> Sequence[Row[Any]]:
        mine = select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()
        theirs = (identities.c.person_id == mine) & identities.c.home_person_id.is_not(None)
        return (
            await self._connection.execute(select(identities).where(theirs).order_by(identities.c.id))
        ).all()

    async def _any_blocked(self, identity_ids: Collection[int]) -> bool:
        block = (blocks.c.platform == identities.c.platform) & (blocks.c.user == identities.c.user)
        block &= or_(blocks.c.workspace == identities.c.workspace, blocks.c.workspace == ANYWHERE)
        return bool(
            await self._connection.scalar(select(exists().where(identities.c.id.in_(identity_ids), block)))
        )

    async def _shares(self, identity_ids: Collection[int], *, shares_talk: bool) -> bool:
        """Whether their private conversations are one: where they were before, or are to be from now on."""
        did = exists().where(identities.c.id.in_(identity_ids), identities.c.shares_talk)
        return shares_talk or bool(await self._connection.scalar(select(did)))

    async def _speak_alike(self, identity_ids: Collection[int], first: Sequence[int]) -> None:
        """Give all the language that was chosen; and the others' language and time zone where none is told."""
        rows = (
            await self._connection.execute(select(identities).where(identities.c.id.in_(identity_ids)))
        ).all()
        ordered = sorted(
            rows, key=lambda row: (first.index(row.id) if row.id in first else len(first), row.id)
        )
        for name in ("chosen_locale", "locale", "time_zone"):
            value = next((found for row in ordered if (found := getattr(row, name))), None)
            if value is None:
                continue
            column = identities.c[name]
            lacking = identities.c.id.in_(identity_ids) & ((column == "") | column.is_(None))
            which = identities.c.id.in_(identity_ids) if name == "chosen_locale" else lacking
            await self._connection.execute(update(identities).where(which).values({name: value}))

    async def _count_as(self, person_ids: Collection[int], person_id: int) -> None:
        """Have what is counted of calls, for fair shares and breakers, be one person's."""
        for table in (calls, failures):
            theirs = table.c.person_id.in_(person_ids) & (table.c.person_id != person_id)
            await self._connection.execute(update(table).where(theirs).values(person_id=person_id))

    async def _count_apart(self, person_id: int) -> None:
        """Have each call be counted of who made it."""
        for table in (calls, failures):
            who = select(identities.c.person_id).join(turns, turns.c.identity_id == identities.c.id)
            who = who.where(turns.c.id == table.c.turn_id)
            theirs = update(table).where(table.c.person_id == person_id)
            await self._connection.execute(theirs.values(person_id=who.scalar_subquery()))

    async def _agree_alike(self, of: Collection[int], to: Collection[int]) -> None:
        """Let the consent of some persons be that of others: who agreed once has agreed."""
        columns = func.min(consents.c.told_at), func.min(consents.c.agreed_at)
        told_at, agreed_at = (
            await self._connection.execute(select(*columns).where(consents.c.person_id.in_(of)))
        ).one()
        if told_at is None:
            return
        for person_id in to:
            values: Mapping[str, Any] = {"told_at": told_at, "agreed_at": agreed_at}
            row = insert_into(self._connection, consents).values(person_id=person_id, **values)
            await self._connection.execute(
                row.on_conflict_do_update(index_elements=["person_id"], set_=values)
            )

    def _account(self, row: Row[Any]) -> Account:
        return Account(
            row.platform, ANYWHERE if row.platform in self._global_ids else row.workspace, row.user
        )

    def _as_met(self, row: Row[Any]) -> Met:
        who = Identity(row.platform, row.workspace, row.user)
        workspace = row.workspace_name or ""
        return Met(row.id, who, self._account(row), row.name, workspace, row.shares_talk)


def _met() -> Any:
    here = (installations.c.platform == identities.c.platform) & (
        installations.c.workspace == identities.c.workspace
    )
    return select(identities, installations.c.workspace_name).outerjoin_from(identities, installations, here)
