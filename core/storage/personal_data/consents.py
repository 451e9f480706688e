"""Who was told that what they say is stored, who agreed, and what they asked before: within an event's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Administers, Attachment, Author, Deleted, Place, Said
from core.storage.db import batched, consents, held_questions, identities, insert_into


@dataclass(frozen=True, slots=True)
class Consented:
    """How far a person's consent has come."""

    told: bool = False
    agreed: bool = False


class Consents:
    """Keeps it for each person."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of(self, identity_id: int) -> Consented:
        """How far the consent of an identity's person has come."""
        theirs = select(consents.c.agreed_at).where(consents.c.person_id == _person_of(identity_id))
        row = (await self._connection.execute(theirs)).one_or_none()
        return Consented() if row is None else Consented(told=True, agreed=row.agreed_at is not None)

    async def tell(self, identity_id: int) -> None:
        """Remember that they are told now."""
        row = insert_into(self._connection, consents).values(
            person_id=_person_of(identity_id), told_at=self._now
        )
        await self._connection.execute(row.on_conflict_do_nothing(index_elements=["person_id"]))

    async def agree(self, identity_id: int) -> None:
        """Remember that they agree."""
        row = insert_into(self._connection, consents).values(
            person_id=_person_of(identity_id), told_at=self._now, agreed_at=self._now
        )
        agreed = {"agreed_at": self._now}
        await self._connection.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=agreed))

    async def hold(self, identity_id: int, said: Said, most: int) -> bool:
        """Keep a question until they agree; False where there are `most` of theirs already."""
        count = select(func.count()).select_from(held_questions)
        count = count.where(held_questions.c.identity_id == identity_id)
        if (await self._connection.execute(count)).scalar_one() >= most:
            return False
        row = {"identity_id": identity_id, "origin": said.origin, "asked_at": self._now}
        await self._connection.execute(held_questions.insert().values(**row, question=_written(said)))
        return True

    async def take(self, identity_id: int, author: Author) -> Sequence[Said]:
        """Hand out what was kept of somebody, in its order, and keep it no longer."""
        theirs = select(held_questions).where(held_questions.c.identity_id == identity_id)
        rows = (await self._connection.execute(theirs.order_by(held_questions.c.id))).all()
        ids = [row.id for row in rows]
        for some in batched(ids):
            await self._connection.execute(delete(held_questions).where(held_questions.c.id.in_(some)))
        return [_read(row.question, row.origin, author) for row in rows if row.question]

    async def reword(self, identity_id: int, origin: str, text: str) -> None:
        """Change what was asked, and is not answered yet."""
        same = (held_questions.c.identity_id == identity_id) & (held_questions.c.origin == origin)
        rows = await self._connection.execute(
            select(held_questions).where(same, held_questions.c.origin != "")
        )
        for row in rows.all():
            changed = update(held_questions).where(held_questions.c.id == row.id)
            if row.question:
                await self._connection.execute(changed.values(question={**row.question, "text": text}))

    async def drop(self, deleted: Deleted) -> int:
        """Forget questions whose messages were deleted; how many there were."""
        there = select(identities.c.id).where(
            identities.c.platform == deleted.platform, identities.c.workspace == deleted.workspace
        )
        dropped = 0
        for origins in batched(_named(deleted.origins)):
            theirs = held_questions.c.origin.in_(origins) & held_questions.c.identity_id.in_(there)
            dropped += (await self._connection.execute(delete(held_questions).where(theirs))).rowcount
        return dropped


def _named(origins: Iterable[str]) -> list[str]:
    return [each for each in origins if each]


def _person_of(identity_id: int) -> Any:
    return select(identities.c.person_id).where(identities.c.id == identity_id).scalar_subquery()


def _written(said: Said) -> dict[str, Any]:
    return {
        "text": said.text,
        "address": said.address,
        "place": asdict(said.place),
        "attachments": [asdict(each) for each in said.attachments],
        "awaited": said.awaited,
        "within": list(said.within),
        "roles": list(said.author.roles),
        "administers": said.administers,
    }


def _read(question: dict[str, Any], origin: str, author: Author) -> Said:
    return Said(
        keys=(),
        author=replace(author, roles=tuple(question["roles"])),
        place=Place(**question["place"]),
        text=question["text"],
        address=question["address"],
        origin=origin,
        attachments=tuple(Attachment(**each) for each in question["attachments"]),
        awaited=question["awaited"],
        within=tuple(question["within"]),
        administers=Administers(question.get("administers", "")),
    )
