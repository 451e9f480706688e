"""The summaries of conversations: read for answers, written by the turn that made one, worded by their person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Remembered, Turn
from core.storage.db import Database, conversations, outlast, summaries, turns
from core.storage.db import usage as usage_table
from core.storage.history import ended
from core.storage.spending import Price, usd_of
from core.storage.summaries.wanted import open_row
from core.storage.turns.fence import assert_current


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """What is stored of one conversation."""

    conversation_id: int
    beside_id: int
    """The conversation beside it, where the turns stand that make it."""
    is_shared: bool
    """Whether several people write in the conversation."""
    text: str = field(repr=False)
    """`""`: there is none."""
    kept: bool
    """False: who it is about wants none."""
    from_turn: int
    """Up to this turn nothing is to come back: a summary of it was deleted by its person."""
    up_to_turn: int
    """What was said up to this turn stands in it; in the window stands what was said after."""
    version: int
    failures: int
    again_at: datetime | None
    made_at: datetime | None
    edited_at: datetime | None
    made_by: int | None
    """The turn that made it last."""
    made_tokens: int
    """What that took, as far as it is stored."""


@dataclass(frozen=True, slots=True)
class SummaryCost:
    """What the summaries of a conversation came to, as far as it is stored."""

    times: int
    tokens: int
    usd: float | None


class SummaryStore:
    """Each row is changed by whoever knows its version; what changed meanwhile is left alone."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def of(self, conversation_id: int) -> StoredSummary | None:
        """The summary of a conversation; None where there never was one."""
        return await self._one(_stored().where(summaries.c.conversation_id == conversation_id))

    async def of_each(self, conversation_ids: Collection[int]) -> Mapping[int, StoredSummary]:
        """The summaries of conversations, all read at once; of those that have one."""
        async with self._database.read() as connection:
            rows = await connection.execute(
                _stored().where(summaries.c.conversation_id.in_(conversation_ids))
            )
            return {row.conversation_id: _summary(row) for row in rows}

    async def made_in(self, beside_id: int) -> StoredSummary | None:
        """The summary that the turns of a conversation beside make."""
        return await self._one(_stored().where(summaries.c.beside_id == beside_id))

    async def meant_by(self, turn: Turn, *, unwanted_first: bool = False) -> StoredSummary | None:
        """The summary that a person asks to see: of the conversation where they ask, else of their last one there.

        Where there is no text, one that they want none of; `unwanted_first`: that one before any text.

        Commands stand beside threads, so that the channel's conversations are looked through; what was said in
        private is found in private alone.
        """
        here = await self.of(turn.conversation_id)
        if here is not None and (here.text or not here.kept):
            return here
        theirs = _stored().join(conversations, conversations.c.id == summaries.c.conversation_id)
        theirs = theirs.where(summaries.c.identity_id == _asker(turn), _is_near(turn))
        theirs = theirs.where((summaries.c.text != "") | ~summaries.c.kept)
        first = summaries.c.kept if unwanted_first else summaries.c.kept.desc()
        newest = theirs.order_by(first, conversations.c.active_at.desc(), conversations.c.id.desc())
        return await self._one(newest.limit(1)) or here

    async def conversation_meant(self, turn: Turn, *, kept: bool) -> int | None:
        """The conversation of which a person wants a summary `kept`, or none; None: they have none there.

        Which one they see decides; where there is no summary yet, a command beside a thread means their last
        conversation there: what is said to a command is no conversation itself.
        """
        found = await self.meant_by(turn, unwanted_first=kept)
        if found is not None and (found.text or not found.kept):
            return found.conversation_id
        own = select(conversations.c.owner_id).where(conversations.c.id == turn.conversation_id)
        last = select(conversations.c.id).where(_is_near(turn), conversations.c.id != turn.conversation_id)
        last = last.where(~_is_aside()).order_by(conversations.c.active_at.desc(), conversations.c.id.desc())
        async with self._database.read() as connection:
            owner_id = int((await connection.execute(own)).scalar_one())
            if owner_id >= 0 and not turn.place.thread.startswith("@"):
                return turn.conversation_id
            newest = (await connection.execute(last.limit(1))).scalar_one_or_none()
        # what several share is no one's last conversation: it is spoken of where they write
        return newest if newest is not None or owner_id <= 0 else turn.conversation_id

    async def cost_of(self, summary: StoredSummary, price: Price) -> SummaryCost:
        """What it came to until now."""
        tokens = usage_table.c.prompt_tokens + usage_table.c.completion_tokens
        sums: Any = select(func.count(), func.sum(tokens), func.sum(usd_of(price)))
        made = sums.select_from(usage_table.join(turns)).where(turns.c.conversation_id == summary.beside_id)
        async with self._database.read() as connection:
            row = (await connection.execute(made)).one()
        return SummaryCost(row[0], int(row[1] or 0), row[2])

    async def cover(self, turn: Turn, summary: StoredSummary, text: str, said: Sequence[Remembered]) -> bool:
        """Store what the turn made of what was `said`, whole turns; false where something of it changed meanwhile.

        Raises `Fenced` where another attempt makes it.
        """
        up_to_turn = said[-1].turn_id
        later = summaries.c.through_turn > up_to_turn  # what its person wrote into it
        through = case((later, summaries.c.through_turn), else_=up_to_turn)
        values = {"text": text, "up_to_turn": up_to_turn, "through_turn": through, "made_at": self._now()}
        values["made_by"] = turn.id
        return await self._change(turn, summary, {**values, "failures": 0, "again_at": None}, said)

    async def failed(self, turn: Turn, summary: StoredSummary, again_at: datetime) -> None:
        """Remember that nothing usable came, and when it may be tried again. Raises as `cover`."""
        counted = {"failures": summary.failures + 1, "again_at": again_at}
        await self._change(turn, summary, counted)

    async def word(self, turn: Turn, summary: StoredSummary, text: str) -> bool:
        """Have it say what its person wrote in a turn; false where it was changed since it was read."""
        values = {"text": text, "through_turn": turn.id, "edited_at": self._now()}
        return await self._change(turn, summary, {**values, "failures": 0, "again_at": None})

    async def delete(self, turn: Turn, summary: StoredSummary) -> bool:
        """Take it away for good: what it covered is not summarised again. False as for `word`."""
        ended = {"from_turn": summaries.c.up_to_turn, "through_turn": summaries.c.up_to_turn}
        return await self._change(turn, summary, {"text": "", "edited_at": None, **ended})

    async def keep(self, turn: Turn, conversation_id: int, *, kept: bool) -> None:
        """Have one kept of a conversation, from its beginning on, or none at all."""
        await outlast(lambda: self._keep(turn, conversation_id, kept=kept))

    async def _keep(self, turn: Turn, conversation_id: int, *, kept: bool) -> None:
        anew = {"text": "", "up_to_turn": summaries.c.from_turn, "through_turn": summaries.c.from_turn}
        async with self._database.write() as connection:
            await open_row(connection, conversation_id, self._now())
            await assert_current(connection, turn)
            here = (summaries.c.conversation_id == conversation_id) & summaries.c.kept.is_not(kept)
            changed = update(summaries).where(here).values(kept=kept, edited_at=None, **anew)
            await connection.execute(changed.values(version=summaries.c.version + 1))

    async def _change(
        self,
        turn: Turn,
        summary: StoredSummary,
        values: Mapping[str, object],
        said: Sequence[Remembered] = (),
    ) -> bool:
        return await outlast(lambda: self._write(turn, summary, values, said))

    async def _write(
        self, turn: Turn, summary: StoredSummary, values: Mapping[str, object], said: Sequence[Remembered]
    ) -> bool:
        own = (summaries.c.conversation_id == summary.conversation_id) & (
            summaries.c.version == summary.version
        )
        async with self._database.write() as connection:
            # Who took words away before the row was there to be seen left its version as it is.
            if said and summary.version == 0 and not await _still_stands(connection, summary, said):
                return False
            await assert_current(connection, turn)
            changed = update(summaries).where(own).values(version=summaries.c.version + 1, **values)
            return (await connection.execute(changed)).rowcount > 0

    async def _one(self, query: Select[Any]) -> StoredSummary | None:
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _summary(row)


def _summary(row: Row[Any]) -> StoredSummary:
    return StoredSummary(
        conversation_id=row.conversation_id,
        beside_id=row.beside_id,
        is_shared=row.identity_id is None,
        text=row.text,
        kept=row.kept,
        from_turn=row.from_turn,
        up_to_turn=row.up_to_turn,
        version=row.version,
        failures=row.failures,
        again_at=row.again_at,
        made_at=row.made_at,
        edited_at=row.edited_at,
        made_by=row.made_by,
        made_tokens=row.made_tokens or 0,
    )


async def _still_stands(
    connection: AsyncConnection, summary: StoredSummary, said: Sequence[Remembered]
) -> bool:
    """Whether it still reads as it was said; keeps it so until the transaction ends."""
    last = said[-1].turn_id
    held = select(turns.c.id).where(turns.c.id.in_({each.turn_id for each in said})).order_by(turns.c.id)
    await connection.execute(held.with_for_update(read=True))
    return await ended(connection, summary.conversation_id, summary.up_to_turn, last) == [*said]


def _asker(turn: Turn) -> ScalarSelect[int]:
    return select(turns.c.identity_id).where(turns.c.id == turn.id).scalar_subquery()


def _is_aside() -> ColumnElement[bool]:
    return conversations.c.thread.startswith("@", autoescape=True)


def _is_near(turn: Turn) -> ColumnElement[bool]:
    """Whether a conversation is the own one of who asks, in the same channel; in private alone, if it is private."""
    names = conversations.c["platform", "workspace", "channel"]
    place = (turn.place.platform, turn.place.workspace, turn.place.channel)
    there = [column == value for column, value in zip(names, place, strict=True)]
    if not turn.place.is_for_one:
        there += [~conversations.c.private, ~_is_aside()]
    return and_(conversations.c.owner_id == _asker(turn), *there)


@cache
def _stored() -> Select[Any]:
    tokens = (usage_table.c.prompt_tokens + usage_table.c.completion_tokens).label("made_tokens")
    return select(summaries, tokens).outerjoin(usage_table, usage_table.c.turn_id == summaries.c.made_by)
