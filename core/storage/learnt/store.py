"""Remembers what was learnt, so that it can be listed, learnt anew and forgotten."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Attachment, Place, Turn
from core.storage.db import (
    Database,
    batched,
    identities,
    insert_into,
    learnt,
    learnt_messages,
    learnt_pieces,
    learnt_sends,
    messages,
    persons,
    turns,
)
from core.storage.personal_data.accounts import counted_with, own_person

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """A file or a thread that is to be learnt."""

    collection: str
    key: str
    """At most 32 characters: the same whenever the same source is learnt again."""
    name: str
    file: Attachment | None
    """None: it is a thread."""
    place: Place
    address: str
    origins: tuple[str, ...]
    """The platform's ids of the messages that it comes from."""
    link: str = ""
    """Where people find it; `""`: nowhere."""
    named: bool = False
    """Whether somebody gave it its name; else that of a thread is what its first message says."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """A source that was learnt, or is being learnt."""

    id: int
    source: Source
    by: str
    """The name of who had it learnt."""
    person_key: str
    """Whose that is."""
    pages: int
    pieces: int
    sent: int
    """How many of its pieces AIVAX took."""
    learnt_at: datetime | None
    """When all of it was there; None: not yet."""


class Held(Enum):
    """Whether somebody has a source's pieces to themselves."""

    YES = "yes"
    BY_ANOTHER = "by another"
    GONE = "gone"
    """The source was forgotten."""


class LearntStore:
    """What was learnt, in the collections of one database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def origins_of(self, turn: Turn) -> Sequence[str]:
        """The platform's ids of the messages that a turn answers."""
        asked = select(messages.c.origin).where(messages.c.turn_id == turn.id, messages.c.role == "user")
        async with self._database.read() as connection:
            return (await connection.execute(asked.order_by(messages.c.id))).scalars().all()

    async def begin(self, source: Source, turn: Turn, *, pages: int) -> int:
        """Write down that a source is about to be learnt for who asked; what was wanted of it before is void."""
        theirs = select(turns.c.identity_id).where(turns.c.id == turn.id)
        async with self._database.write() as connection:
            identity_id = (await connection.execute(theirs)).scalar_one()
            return await _begin(connection, source, identity_id, pages)

    async def renew(self, id_: int, source: Source, *, pages: int) -> None:
        """Write down what a source is called now and comes from, and how many pages it has."""
        same = (learnt.c.id == id_) & (learnt.c.name != "")  # else it is on its way out
        async with self._database.write() as connection:
            await connection.execute(update(learnt).where(same).values(name=source.name, pages=pages))
            await _note_origins(connection, id_, source.origins)

    async def sent_today(self, turn: Turn) -> int:
        """How many pieces were sent within 24 hours for the person who asks, under any identity of theirs."""
        asker = select(identities.c.person_id).join(turns, turns.c.identity_id == identities.c.id)
        person = asker.where(turns.c.id == turn.id).scalar_subquery()
        query = select(func.coalesce(func.sum(learnt_sends.c.count), 0)).where(
            learnt_sends.c.person_id.in_(counted_with(person)), learnt_sends.c.at > self._now() - _DAY
        )
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def known(self, collection: str, key: str) -> set[str]:
        """The codes of a source's documents that AIVAX is known to have; none of one that was never learnt."""
        same = (learnt.c.collection == collection) & (learnt.c.key == key)
        query = select(learnt_pieces.c.code).join(learnt, learnt_pieces.c.learnt_id == learnt.c.id)
        async with self._database.read(many_rows=True) as connection:
            found = await connection.execute(query.where(same, learnt_pieces.c.sent_at.is_not(None)))
            return set(found.scalars())

    async def pieces_of(self, id_: int) -> dict[str, bool]:
        """The codes of a source's documents that may be at AIVAX, and whether it is known to have taken each."""
        query = select(learnt_pieces).where(learnt_pieces.c.learnt_id == id_).order_by(learnt_pieces.c.id)
        async with self._database.read(many_rows=True) as connection:
            return {row.code: row.sent_at is not None for row in await connection.execute(query)}

    async def intend(self, id_: int, codes: Sequence[str]) -> None:
        """Write down documents that are about to be sent: after a crash they are known to be there, perhaps."""
        async with self._database.write(many_rows=True) as connection:
            rows = [{"learnt_id": id_, "code": code} for code in codes]
            await connection.execute(insert_into(connection, learnt_pieces).on_conflict_do_nothing(), rows)

    async def sent(self, id_: int, codes: Sequence[str]) -> None:
        """Write down that AIVAX took documents, and count the new ones. One that it had already keeps its time."""
        count = 0
        async with self._database.write(many_rows=True) as connection:
            for some in batched(codes):
                which = (learnt_pieces.c.learnt_id == id_) & learnt_pieces.c.code.in_(some)
                taken = update(learnt_pieces).where(which, learnt_pieces.c.sent_at.is_(None))
                count += (await connection.execute(taken.values(sent_at=self._now()))).rowcount
            if count:
                await self._count(connection, id_, count)

    async def _count(self, connection: AsyncConnection, id_: int, count: int) -> None:
        """Count pieces for who had them learnt; what is older than a day goes with it."""
        whose = select(own_person()).join(learnt, learnt.c.identity_id == identities.c.id)
        person_id = await connection.scalar(whose.where(learnt.c.id == id_))
        if person_id is None:
            return
        old = (learnt_sends.c.person_id == person_id) & (learnt_sends.c.at <= self._now() - _DAY)
        await connection.execute(delete(learnt_sends).where(old))
        row = {"person_id": person_id, "count": count, "at": self._now()}
        await connection.execute(learnt_sends.insert(), row)

    async def hold(self, id_: int, owner: str, for_s: float) -> Held:
        """Have a source's pieces to oneself for so many seconds more, in whichever process, unless another has them."""
        now = self._now()
        is_free = learnt.c.owner.is_(None) | (learnt.c.owner == owner) | (learnt.c.owned_until <= now)
        held = update(learnt).where(learnt.c.id == id_, is_free)
        async with self._database.write() as connection:
            values = {"owner": owner, "owned_until": now + timedelta(seconds=for_s)}
            if (await connection.execute(held.values(**values))).rowcount:
                return Held.YES
            there = await connection.scalar(select(learnt.c.id).where(learnt.c.id == id_))
        return Held.BY_ANOTHER if there is not None else Held.GONE

    async def let_go(self, id_: int, owner: str) -> None:
        """Let others have a source's pieces again."""
        mine = (learnt.c.id == id_) & (learnt.c.owner == owner)
        async with self._database.write() as connection:
            await connection.execute(update(learnt).where(mine).values(owner=None, owned_until=None))

    async def drop(self, id_: int, code: str) -> None:
        """Write down that a document is gone."""
        which = (learnt_pieces.c.learnt_id == id_) & (learnt_pieces.c.code == code)
        async with self._database.write() as connection:
            await connection.execute(delete(learnt_pieces).where(which))

    async def note_pieces(self, id_: int, count: int) -> None:
        """Write down how many pieces a source makes, before they are sent."""
        async with self._database.write() as connection:
            await connection.execute(update(learnt).where(learnt.c.id == id_).values(pieces=count))

    async def finish(self, id_: int) -> None:
        """Write down that all of a source is at AIVAX."""
        async with self._database.write() as connection:
            await connection.execute(update(learnt).where(learnt.c.id == id_).values(learnt_at=self._now()))

    async def remove(self, id_: int) -> None:
        """Forget a source of which nothing is left at AIVAX."""
        async with self._database.write() as connection:
            await connection.execute(delete(learnt).where(learnt.c.id == id_))

    async def all(self, collections: Collection[str]) -> Sequence[Learnt]:
        """What was learnt into these collections and is not on its way out, in the order of learning."""
        there = learnt.c.collection.in_(collections) & (learnt.c.wanted != "forget") & (learnt.c.name != "")
        return await self._read(there)

    async def find(self, id_: int) -> Learnt | None:
        """One source."""
        return next(iter(await self._read(learnt.c.id == id_)), None)

    async def _read(self, where: ColumnElement[bool]) -> Sequence[Learnt]:
        async with self._database.read(many_rows=True) as connection:
            rows = (await connection.execute(_sources().where(where))).all()
            if not rows:
                return ()
            ids = [row.id for row in rows]
            of = select(learnt_messages).where(learnt_messages.c.learnt_id.in_(ids))
            found = (await connection.execute(of.order_by(learnt_messages.c.id))).all()
        origins: dict[int, list[str]] = {}
        for each in found:
            origins.setdefault(each.learnt_id, []).append(each.origin)
        return [_learnt(row, tuple(origins.get(row.id, ()))) for row in rows]


async def _begin(connection: AsyncConnection, source: Source, identity_id: int, pages: int) -> int:
    place = source.place
    told: dict[str, Any] = {
        "name": source.name,
        "named": source.named,
        "file": asdict(source.file) if source.file else None,
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.channel,
        "thread": place.thread,
        "private": place.private,
        "address": source.address,
        "link": source.link,
        "identity_id": identity_id,
        "pages": pages,
        "wanted": "",
        "due_at": None,
        "tries": 0,
    }
    row = insert_into(connection, learnt).values(collection=source.collection, key=source.key, **told)
    row = row.on_conflict_do_update(index_elements=["collection", "key"], set_=told)
    id_ = int((await connection.execute(row.returning(learnt.c.id))).scalar_one())
    await _note_origins(connection, id_, source.origins)
    return id_


async def _note_origins(connection: AsyncConnection, id_: int, origins: Collection[str]) -> None:
    await connection.execute(delete(learnt_messages).where(learnt_messages.c.learnt_id == id_))
    if rows := [{"learnt_id": id_, "origin": origin} for origin in dict.fromkeys(origins) if origin]:
        await connection.execute(learnt_messages.insert(), rows)


def _sources() -> Select[Any]:
    sent = select(func.count()).where(
        learnt_pieces.c.learnt_id == learnt.c.id, learnt_pieces.c.sent_at.is_not(None)
    )
    return (
        select(
            learnt,
            identities.c.name.label("by"),
            persons.c.key.label("person_key"),
            sent.scalar_subquery().label("sent"),
        )
        .join(identities, learnt.c.identity_id == identities.c.id)
        .join(persons, persons.c.id == own_person())
        .order_by(learnt.c.id)
    )


def _learnt(row: Row[Any], origins: tuple[str, ...]) -> Learnt:
    source = Source(
        collection=row.collection,
        key=row.key,
        name=row.name,
        file=Attachment(**row.file) if row.file else None,
        place=Place(row.platform, row.workspace, row.channel, row.thread, row.private),
        address=row.address,
        origins=origins,
        link=row.link or "",
        named=row.named,
    )
    return Learnt(row.id, source, row.by, row.person_key, row.pages, row.pieces, row.sent, row.learnt_at)
