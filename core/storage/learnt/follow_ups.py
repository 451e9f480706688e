"""What is still to be done at AIVAX for sources whose messages were changed or deleted: rows, so that none is lost.

They are written in the transaction of the event; whoever finds one carries it out, in whichever process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Deleted, Edited, Rewritten
from core.storage.db import Database, batched, learnt, learnt_messages

LEASE = timedelta(minutes=30)
"""How long whoever took one has it alone: longer than any source takes to be learnt."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


class Wanted(StrEnum):
    """What is to be done with a source."""

    AGAIN = "again"
    """Learn it anew: it was changed."""
    FORGET = "forget"
    """Forget it: it was deleted, or somebody said so."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Something that is to be done, and is this process' for a while."""

    id: int
    """Of the source."""
    wanted: Wanted
    due_at: datetime
    """What the row has now: another one means that something newer is wanted."""
    tries: int


class Touched:
    """Notes, within the transaction of an event, what it means for what was learnt."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def changed(self, changed: Edited | Rewritten) -> None:
        """Have what came from a message learnt anew."""
        await self._want(_of(changed) & (learnt.c.wanted == ""), Wanted.AGAIN.value)

    async def deleted(self, deleted: Deleted) -> None:
        """Have files that came from deleted messages forgotten, and threads that they stood in learnt anew."""
        here = _in_channel(deleted.platform, deleted.workspace, deleted.channel)
        wanted = case((learnt.c.file.is_(None), Wanted.AGAIN.value), else_=Wanted.FORGET.value)
        for origins in batched(deleted.origins):
            await self._want(_comes_from(origins) & here & (learnt.c.wanted != "forget"), wanted)
            there = select(learnt.c.id).where(here)
            gone = learnt_messages.c.origin.in_(origins) & learnt_messages.c.learnt_id.in_(there)
            await self._connection.execute(delete(learnt_messages).where(gone))

    async def _want(self, which: ColumnElement[bool], wanted: object) -> None:
        wants = update(learnt).where(which).values(wanted=wanted, due_at=self._now, tries=0)
        await self._connection.execute(wants)


async def is_learnt(database: Database, changed: Rewritten) -> bool:
    """Whether anything was learnt of a message."""
    async with database.read() as connection:
        found = await connection.execute(select(learnt.c.id).where(_of(changed)).limit(1))
        return found.first() is not None


class FollowUps:
    """Hands out what is to be done, one by one."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def want(self, id_: int, wanted: Wanted) -> None:
        """Have something done with a source, soon."""
        async with self._database.write() as connection:
            which = update(learnt).where(learnt.c.id == id_)
            await connection.execute(which.values(wanted=wanted.value, due_at=self._now(), tries=0))

    async def take(self) -> FollowUp | None:
        """Take the one that waits longest, for `LEASE`; after that it is another's."""
        now, until = self._now(), self._now() + LEASE
        due = select(learnt.c.id).where(learnt.c.due_at.is_not(None), learnt.c.due_at <= now)
        due = due.order_by(learnt.c.due_at).limit(1).with_for_update(skip_locked=True)
        async with self._database.write() as connection:
            found = (await connection.execute(due)).scalar_one_or_none()
            if found is None:
                return None
            taken = update(learnt).where(learnt.c.id == found).values(due_at=until, tries=learnt.c.tries + 1)
            row = (await connection.execute(taken.returning(learnt.c.wanted, learnt.c.tries))).one()
        return FollowUp(found, Wanted(row.wanted), until, row.tries)

    async def done(self, follow_up: FollowUp) -> None:
        """Take note that it is done, unless something newer is wanted by now."""
        await self._settle(follow_up, wanted="", due_at=None, tries=0)

    async def postpone(self, follow_up: FollowUp) -> datetime:
        """Have it tried again later, the later the more often it was tried; when."""
        wait = min(FIRST_WAIT * (1 << min(follow_up.tries - 1, 12)), LONGEST_WAIT)
        due_at = self._now() + wait
        await self._settle(follow_up, due_at=due_at)
        return due_at

    async def abandoned(self) -> Sequence[int]:
        """Sources whose name was taken away, since who had them learnt was forgotten: they are to go, too."""
        nameless = select(learnt.c.id).where(learnt.c.name == "", learnt.c.wanted != "forget")
        async with self._database.read() as connection:
            return (await connection.execute(nameless)).scalars().all()

    async def _settle(self, follow_up: FollowUp, **values: object) -> None:
        same = (learnt.c.id == follow_up.id) & (learnt.c.due_at == follow_up.due_at)
        async with self._database.write() as connection:
            await connection.execute(update(learnt).where(same).values(**values))


def _of(changed: Edited | Rewritten) -> ColumnElement[bool]:
    """What came from a message that was changed."""
    stood = changed if isinstance(changed, Rewritten) else changed.place
    return _comes_from([changed.origin]) & _in_channel(stood.platform, stood.workspace, stood.channel)


def _comes_from(origins: Sequence[str]) -> ColumnElement[bool]:
    return learnt.c.id.in_(select(learnt_messages.c.learnt_id).where(learnt_messages.c.origin.in_(origins)))


def _in_channel(platform: str, workspace: str, channel: str) -> ColumnElement[bool]:
    """In a channel or thread: some platforms name a thread alone where something was deleted."""
    there = (learnt.c.platform == platform) & (learnt.c.workspace == workspace)
    return there & or_(learnt.c.channel == channel, learnt.c.thread == channel)
