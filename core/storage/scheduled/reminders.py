"""Reminders as rows: each is said once, in the transaction that ends or moves its row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity, Place, Turn
from core.storage.db import (
    Database,
    blocks,
    identities,
    insert_once,
    outlast,
    persons,
    reader_locale,
    reminders,
    turns,
)
from core.storage.personal_data.people import ANYWHERE
from core.storage.turns.intake import IntakeTransaction


@dataclass(frozen=True, slots=True)
class Reminder:
    """One of a person's reminders."""

    id: int
    identity_id: int
    place: Place
    address: str
    text: str = field(repr=False)
    every: str
    """A schedule; `""`: it comes once."""
    zone: str
    due_at: datetime
    asker: Identity
    """Who wants to be reminded."""
    locale: str = ""
    is_blocked: bool = False
    """An operator has them answered no more."""


class ReminderStore:
    """The reminders of all people."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(
        self, turn: Turn, where: tuple[Place, str], text: str, when: tuple[datetime, str, str], *, most: int
    ) -> Reminder | None:
        """Remember one; once for each turn, however often that is begun. None where its author has `most` already.

        `where` is the place and the address, `when` the time, the schedule (`""`: once) and the time zone.
        """
        return await outlast(lambda: self._add(turn, where, text, when, most))

    async def _add(
        self, turn: Turn, where: tuple[Place, str], text: str, when: tuple[datetime, str, str], most: int
    ) -> Reminder | None:
        (place, address), (due, every, zone) = where, when
        async with self._database.write() as connection:
            asker = select(identities.c.id, identities.c.person_id).join(turns).where(turns.c.id == turn.id)
            mine = (await connection.execute(asker)).one()
            person = select(persons.c.id).where(persons.c.id == mine.person_id)
            await connection.execute(person.with_for_update(key_share=True))
            others = _theirs(mine.id) & (reminders.c.turn_id != turn.id) & _is_kept()
            count = select(func.count()).select_from(reminders).where(others)
            if int((await connection.execute(count)).scalar_one()) >= most:
                return None
            row = {
                "turn_id": turn.id,
                "identity_id": mine.id,
                **asdict(place),
                "address": address,
                "text": text,
                "every": every,
                "zone": zone,
                "due_at": due,
                "created_at": self._now(),
            }
            await connection.execute(insert_once(connection, reminders), row)
            found = await connection.execute(_reminders().where(reminders.c.turn_id == turn.id))
            return _reminder(found.one())

    async def of(self, turn: Turn) -> Sequence[Reminder]:
        """Those of a turn's author, in any account of theirs, the next one first."""
        asker = select(turns.c.identity_id).where(turns.c.id == turn.id)
        async with self._database.read() as connection:
            identity_id = (await connection.execute(asker)).scalar_one()
            theirs = _reminders().where(_theirs(identity_id), _is_kept())
            rows = await connection.execute(theirs.order_by(reminders.c.due_at, reminders.c.id))
            return [_reminder(row) for row in rows]

    async def cancel(self, turn: Turn, reminder_id: int) -> bool:
        """Forget one of the author's; false where they have none of that number."""
        asker = select(turns.c.identity_id).where(turns.c.id == turn.id)
        async with self._database.write() as connection:
            identity_id = (await connection.execute(asker)).scalar_one()
            gone = delete(reminders).where(reminders.c.id == reminder_id, _theirs(identity_id))
            return (await connection.execute(gone)).rowcount > 0

    async def due(self, most: int, *, but: Collection[int] = ()) -> Sequence[Reminder]:
        """Those whose time has come, the oldest first, `but` some."""
        found = _reminders().where(reminders.c.due_at <= self._now(), _is_none_of(but))
        async with self._database.read() as connection:
            rows = await connection.execute(found.order_by(reminders.c.due_at, reminders.c.id).limit(most))
            return [_reminder(row) for row in rows]

    async def next_due(self, *, but: Collection[int] = ()) -> datetime | None:
        """When the next one's time comes, `but` of some."""
        first = select(func.min(reminders.c.due_at)).where(_is_none_of(but))
        async with self._database.read() as connection:
            at: datetime | None = (await connection.execute(first)).scalar_one()
        return at

    async def say(self, reminder: Reminder, sentence: str, again_at: datetime | None) -> int | None:
        """Queue the sentence, and end the reminder or move it on; the conversation with work.

        None where it was said by another process, cancelled, or forgotten meanwhile, or its author blocked.
        """
        async with self._database.write() as connection:
            if not await _over(connection, reminder, again_at, _is_kept() & ~_is_blocked()):
                return None
            transaction = IntakeTransaction(connection, self._now())
            here = await transaction.find_or_open(reminder.place, -reminder.identity_id)
            await transaction.add_turn(here, reminder.identity_id, reminder.address, notice=sentence)
            await transaction.announce(here, reminder.place.platform)
        return here

    async def pass_over(self, reminder: Reminder, again_at: datetime | None) -> bool:
        """End the reminder or move it on, and say nothing; False where another process did."""
        async with self._database.write() as connection:
            return await _over(connection, reminder, again_at, true())

    async def drop_forgotten(self, reminder_ids: Collection[int]) -> None:
        """Delete those of these rows of which the words were erased."""
        gone = delete(reminders).where(reminders.c.id.in_(reminder_ids), ~_is_kept())
        async with self._database.write() as connection:
            await connection.execute(gone)


async def _over(
    connection: AsyncConnection, reminder: Reminder, again_at: datetime | None, where: ColumnElement[bool]
) -> bool:
    """End a reminder, or move it on, if it is still due then and so."""
    same = (reminders.c.id == reminder.id) & (reminders.c.due_at == reminder.due_at) & where
    ended: Any = delete(reminders).where(same)
    if again_at is not None:
        ended = update(reminders).where(same).values(due_at=again_at)
    return bool((await connection.execute(ended)).rowcount)


def _is_none_of(ids: Collection[int]) -> ColumnElement[bool]:
    return reminders.c.id.not_in(ids) if ids else true()


def _is_kept() -> ColumnElement[bool]:
    return (reminders.c.text != "") & (reminders.c.address != "")


def _is_blocked() -> ColumnElement[bool]:
    """Whether an operator has blocked whose reminder it is; blocks are of each linked account."""
    who = identities.alias("asker")
    block = (blocks.c.platform == who.c.platform) & (blocks.c.user == who.c.user)
    block &= or_(blocks.c.workspace == ANYWHERE, blocks.c.workspace == who.c.workspace)
    return exists().where(who.c.id == reminders.c.identity_id, block)


def _theirs(identity_id: int) -> ColumnElement[bool]:
    """Those of a person, in any account of theirs."""
    person = select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()
    return reminders.c.identity_id.in_(select(identities.c.id).where(identities.c.person_id == person))


def _reminders() -> Select[Any]:
    names = ("id", "identity_id", "address", "text", "every", "zone", "due_at")
    place = ("platform", "workspace", "channel", "thread", "private")
    who = (
        identities.c.platform.label("by"),
        identities.c.workspace.label("of"),
        identities.c.user.label("who"),
    )
    told = reader_locale().label("locale"), _is_blocked().label("is_blocked")
    return select(*reminders.c[names], *reminders.c[place], *who, *told).join(
        identities, identities.c.id == reminders.c.identity_id
    )


def _reminder(row: Any) -> Reminder:
    place = Place(row.platform, row.workspace, row.channel, row.thread, row.private)
    return Reminder(
        row.id,
        row.identity_id,
        place,
        row.address,
        row.text,
        row.every,
        row.zone,
        row.due_at,
        Identity(row.by, row.of, row.who),
        row.locale or "",
        row.is_blocked,
    )
