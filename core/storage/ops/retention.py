"""Retention: text goes when it is old, numbers stay.

A turn that ended longer ago than `[storage] retention_days` loses its messages, its answer, its address, what its
tools did and the ids of the messages that showed it. Its row stays, with state, times, author and usage. Turns that
have not ended are never touched, however old. Some kinds may go sooner, or go at all, by settings of their own:
`core.storage.ops.retention_by_kind`. Files that people sent are not stored (they are read when they are
needed), and those that models made only until they are shown: what is left of them when a turn has ended otherwise
goes at the next sweep.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, delete, exists, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED
from core.settings import StorageSettings
from core.storage.db import (
    Database,
    audit_log,
    calls,
    console_chat,
    events,
    held_questions,
    identities,
    link_codes,
    made_files,
    persons,
    tool_calls,
    turns,
)
from core.storage.ops.retention_by_kind import steps_of
from core.storage.personal_data.erasure import Eraser
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.scheduled.old_runs import drop_old_runs
from core.util.clock import Sleep
from core.util.log import log

INTERVAL_S = 3600.0
FIRST_AFTER_S = 30.0
"""How long after its start a process sweeps for the first time: what waits for answers then comes first."""
BATCH = 100
"""Turns, events or persons per transaction: some milliseconds, so that a turn that wants to write hardly waits."""
PAGE = 200
"""Persons who are looked at in one go."""
REST_S = 0.05
"""The pause between two batches, so that a long backlog takes a share of the database and not all of it."""
EVENT_DAYS = 14.0
"""How long an event is recognised when it comes again. Platforms try again for a day at most."""
CALL_DAYS = 1.0
"""How long a call to AIVAX is remembered: its limits count minutes."""
TOOL_CALL_DAYS = 14.0
"""How long a call of a tool is recognised when it comes again."""
DIGEST_DAYS = 90.0
"""How long it is remembered that a digest was made, and what it cost; what counts for caps stands in `usage`."""
ADDRESS_HOURS = 1.0
"""How long the address of a sentence of our own is kept after it was said, should it have to be said anew."""

Step = Callable[[AsyncConnection], Awaitable[int]]
"""Clears some of what is too old away; how many rows that were. Where it finds none, it writes nothing: mostly so."""


async def _at_once() -> None:
    """There is nobody else."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep cleared away."""

    turns: int = 0
    """Turns whose text is gone."""
    events: int = 0
    persons: int = 0
    calls: int = 0
    addresses: int = 0
    """Of sentences of the bot's own that were said: they may hold a token, good for half an hour at most."""
    files: int = 0
    """Made for answers that ended before they were shown."""
    tool_calls: int = 0
    audit: int = 0
    """Entries of the audit log."""
    unagreed: int = 0
    """Questions whose authors never agreed that what they say is stored."""
    chat: int = 0
    """What stood in the chat of the console."""
    codes: int = 0
    """Codes to link accounts that nobody used."""
    digests: int = 0
    """Rows of digests that ended long ago."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """Rows of the kinds that have a period of their own, by kind."""

    def __bool__(self) -> bool:
        return any(
            (*(value for name, value in asdict(self).items() if name != "kinds"), *self.kinds.values())
        )

    @property
    def words(self) -> bool:
        """Whether words went."""
        return bool(self.turns or self.unagreed or self.chat or any(self.kinds.values()))


class Retention:
    """Clears away what is too old, in small transactions between which everyone else writes.

    One process of several sweeps. Where two do so for a moment, each passes over the rows that the other has in hand.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        settings: StorageSettings,
        *,
        batch: int = BATCH,
        sleep: Sleep = asyncio.sleep,
        scrubber: Scrubber | None = None,
    ) -> None:
        self._scrubber = scrubber or Scrubber(database)
        self._database = database
        self._now = now
        self._retention_days = settings.retention_days
        self._audit_days = settings.retention_audit_days
        self._kinds = {kind: partial(step, now=now, batch=batch) for kind, step in steps_of(settings).items()}
        self._batch = batch
        self._sleep = sleep

    async def run(
        self,
        *,
        first_after_s: float = FIRST_AFTER_S,
        interval_s: float = INTERVAL_S,
        until_leading: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """Sweep soon and then every `interval_s`, until cancelled. What goes wrong is logged and tried again.

        `until_leading` returns once it is this process, of several, that sweeps.
        """
        await self._sleep(first_after_s)
        while True:
            await until_leading()
            try:
                if swept := await self.sweep():
                    log.info("retention.swept", **asdict(swept))
            except Exception:
                log.exception("retention.failed")
            await self._sleep(interval_s)

    async def sweep(self) -> Swept:
        """Clear away all that is too old by now; how much it was."""
        swept = Swept(
            turns=await self._in_batches(self._empty_turns) if self._retention_days else 0,
            events=await self._in_batches(partial(self._drop_old, events.c.received_at, EVENT_DAYS)),
            persons=await self._drop_orphans(),
            calls=await self._in_batches(partial(self._drop_old, calls.c.at, CALL_DAYS)),
            addresses=await self._in_batches(self._forget_addresses),
            files=await self._in_batches(self._drop_files),
            tool_calls=await self._in_batches(partial(self._drop_old, tool_calls.c.at, TOOL_CALL_DAYS)),
            audit=await self._in_batches(partial(self._drop_old, audit_log.c.at, self._audit_days))
            if self._audit_days
            else 0,
            unagreed=await self._in_batches(self._drop_unagreed) if self._retention_days else 0,
            chat=await self._in_batches(partial(self._drop_old, console_chat.c.at, self._retention_days))
            if self._retention_days
            else 0,
            codes=await self._in_batches(partial(self._drop_old, link_codes.c.expires_at, 0.0)),
            digests=await self._in_batches(self._drop_digests),
            kinds={kind: await self._in_batches(step) for kind, step in self._kinds.items()},
        )
        # Words that were changed since the last sweep stand in the log.
        await (self._scrubber.scrub() if swept.words else self._scrubber.empty_log())
        return swept

    async def _in_batches(self, step: Step) -> int:
        total = 0
        while True:
            async with self._database.write(many_rows=True) as connection:
                done = await step(connection)
            total += done
            if done < self._batch:
                return total
            await self._sleep(REST_S)

    async def _empty_turns(self, connection: AsyncConnection) -> int:
        old = (
            turns.c.state.in_(ENDED)
            & (turns.c.ended_at < self._now() - timedelta(days=self._retention_days))
            & turns.c.emptied_at.is_(None)
        )
        found = await self._take(connection, turns.c.id, old, first=turns.c.ended_at)
        if found:
            await Eraser(connection).empty_turns(found, self._now())
        return len(found)

    async def _drop_old(self, at: Column[Any], days: float, connection: AsyncConnection) -> int:
        """Drop rows that are older than so many days by the time in a column of theirs."""
        old, (key,) = at < self._now() - timedelta(days=days), at.table.primary_key
        found = await self._take(connection, key, old, first=at)
        if found:
            await connection.execute(delete(at.table).where(key.in_(found)))
        return len(found)

    async def _forget_addresses(self, connection: AsyncConnection) -> int:
        """Questions keep theirs: an answer may be asked for once more."""
        said = turns.c.notice.is_(True) & (turns.c.address != literal_column("''")) & turns.c.state.in_(ENDED)
        old = said & (turns.c.ended_at < self._now() - timedelta(hours=ADDRESS_HOURS))
        found = await self._take(connection, turns.c.id, old, first=turns.c.ended_at)
        if found:
            await connection.execute(update(turns).where(turns.c.id.in_(found)).values(address=""))
        return len(found)

    async def _drop_files(self, connection: AsyncConnection) -> int:
        """Drop files that nobody will be shown any more."""
        ended = exists().where(turns.c.id == made_files.c.turn_id, turns.c.state.in_(ENDED))
        found = await self._take(connection, made_files.c.id, ended, first=made_files.c.id)
        if found:
            await connection.execute(delete(made_files).where(made_files.c.id.in_(found)))
        return len(found)

    async def _drop_digests(self, connection: AsyncConnection) -> int:
        return await drop_old_runs(connection, self._now() - timedelta(days=DIGEST_DAYS), self._batch)

    async def _drop_unagreed(self, connection: AsyncConnection) -> int:
        return await self._drop_old(held_questions.c.asked_at, self._retention_days, connection)

    async def _drop_orphans(self) -> int:
        """Look at every person, page by page, as a reader: there are many, and hardly ever one whom nobody is."""
        total = after = 0
        while True:
            ids = select(persons.c.id).where(persons.c.id > after).order_by(persons.c.id).limit(PAGE)
            async with self._database.read(many_rows=True) as connection:
                page = (await connection.execute(ids)).scalars().all()
                last = max(page, default=after)
                theirs = (persons.c.id > after) & (persons.c.id <= last) & _nobody(after, last)
                found = (await connection.execute(select(persons.c.id).where(theirs).limit(1))).first()
            if found is not None:
                total += await self._in_batches(partial(self._drop_those, theirs))
            if len(page) < PAGE:
                return total
            after = last
            await self._sleep(REST_S)

    async def _drop_those(self, theirs: ColumnElement[bool], connection: AsyncConnection) -> int:
        found = await self._take(connection, persons.c.id, theirs, first=persons.c.id)
        # Asked again under the lock: an identity that was linked meanwhile would go with its person.
        if found:
            await connection.execute(persons.delete().where(persons.c.id.in_(found), _nobody()))
        return len(found)

    async def _take(
        self, connection: AsyncConnection, key: Column[Any], where: ColumnElement[bool], *, first: Column[Any]
    ) -> list[Any]:
        """Lock the next few rows that nobody else has in hand."""
        found = select(key).where(where).order_by(first).limit(self._batch).with_for_update(skip_locked=True)
        return list((await connection.execute(found)).scalars())


def _nobody(after: int = 0, last: int = 2**62) -> ColumnElement[bool]:
    """Whether no identity is a person's, nor would be without links: one of the persons after one, up to another."""
    theirs = identities.c.person_id == persons.c.id
    linked = exists().where(identities.c.home_person_id == persons.c.id, identities.c.home_person_id > after)
    return ~exists().where(theirs, identities.c.person_id > after, identities.c.person_id <= last) & ~linked
