"""The ledger in the database: every call is a transaction of its own that the fence guards.

Only an intent is sure to outlast a power cut: the message that it announces is looked up where its id was lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Update, bindparam, case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Delivery, Turn, TurnState
from core.storage.db import Database, deliveries, insert_into, lock_turns, outlast, turns
from core.storage.turns.fence import assert_current, held_by, is_current

NONCE_KEY_CHARS = 14
FILES = 10_000
"""From this part number on a delivery shows files and none of the text."""
FRESH_S = 0.25
"""So long after a look at the fence, or a write past it, a check looks no further: a call is longer on its way."""

clock = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Goes on while the machine sleeps, where the system has such a clock: who slept looks at the fence."""


class FirstIntents:
    """First attempts whose claim recorded the intent of their first message, and that have begun none since.

    Where such a turn is put back, the next attempt has nothing to look up: its intent goes with it.
    """

    def __init__(self) -> None:
        self._claimed_at: dict[int, float] = {}

    def add(self, turn_id: int) -> None:
        self._claimed_at[turn_id] = clock()

    def claimed_at(self, turn: Turn) -> float | None:
        """When the attempt was claimed, by `clock`; None for one that is none of these."""
        return self._claimed_at.get(turn.id) if turn.attempt == 1 else None

    def discard(self, turn: Turn) -> None:
        if turn.attempt == 1:
            self._claimed_at.pop(turn.id, None)

    async def take_back(self, connection: AsyncConnection, turn: Turn) -> None:
        """Forget an intent that came to nothing, as part of the transaction that puts its turn back."""
        if self.claimed_at(turn) is not None:
            await connection.execute(_unintended(), {"turn": turn.id})
            self.discard(turn)


class StoredLedger:
    """`core.domain.ports.Ledger` for one attempt at one turn."""

    def __init__(
        self,
        database: Database,
        turn: Turn,
        earlier: Sequence[Delivery],
        first: FirstIntents | None = None,
        on_text: Callable[[], None] | None = None,
    ) -> None:
        """`on_text` is told once of the first text of the answer that is shown, unless an earlier attempt's stands."""
        self._database = database
        self._turn = turn
        self._first = first or FirstIntents()
        self._seen_at = self._first.claimed_at(turn) or 0.0
        self._earlier = tuple(each for each in earlier if each.part < FILES)
        self._on_text = None if any(each.shown for each in self._earlier) else on_text
        self.files = {each.part: each for each in earlier if each.part >= FILES}
        """What earlier attempts posted, or meant to post, of the answer's files."""

    @classmethod
    async def open(
        cls,
        database: Database,
        turn: Turn,
        first: FirstIntents | None = None,
        on_text: Callable[[], None] | None = None,
    ) -> StoredLedger:
        """Read what earlier attempts left; nothing where this one is the `first` and has not begun."""
        if first is not None and first.claimed_at(turn) is not None:
            return cls(database, turn, (), first, on_text)
        async with database.read() as connection:
            found = (await connection.execute(_standing(), {"turn": turn.id})).all()
        return cls(database, turn, [_delivery(turn, row) for row in found], first, on_text)

    @property
    def earlier(self) -> Sequence[Delivery]:
        return self._earlier

    @property
    def resumed(self) -> bool:
        return self._turn.attempt > 1

    @property
    def generation(self) -> int:
        return self._turn.generation

    async def intend(self, part: int) -> Delivery:
        if part == 0 and self._first.claimed_at(self._turn) is not None:
            self._first.discard(self._turn)
            return Delivery(
                part, _nonce(self._turn, part, 0), "", 0, closed=False, generation=self.generation
            )
        self._first.discard(self._turn)
        return await outlast(lambda: self._intend(part))

    async def _intend(self, part: int) -> Delivery:
        async with self._database.write() as connection:
            await assert_current(connection, self._turn)
            row = insert_into(connection, deliveries).values(
                turn_id=self._turn.id, part=part, generation=self.generation
            )
            is_gone = deliveries.c.gone
            anew = {"revision": deliveries.c.revision + 1, "message_id": "", "shown": 0, "closed": False}
            anew = {name: case((is_gone, value), else_=deliveries.c[name]) for name, value in anew.items()}
            kept = row.on_conflict_do_update(
                index_elements=["turn_id", "part"], set_={**anew, "gone": False}
            ).returning(*deliveries.c)
            found = (await connection.execute(kept)).one()
        self._seen_at = clock()
        return _delivery(self._turn, found)

    async def posted(
        self, part: int, message_id: str, shown: int | None = None, *, closed: bool = False
    ) -> None:
        so_far = {} if shown is None else {"shown": shown, "closed": closed, "generation": self.generation}
        await self._change(part, message_id=message_id, **so_far)

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        await self._change(part, shown=shown, closed=closed, generation=self.generation)

    async def forget(self, part: int) -> None:
        await self._change(part, gone=True)

    async def check(self) -> None:
        if clock() - self._seen_at > FRESH_S:
            await outlast(self._check)

    async def _check(self) -> None:
        asked_at = clock()
        async with self._database.read() as connection:
            await assert_current(connection, self._turn)
        self._seen_at = asked_at

    async def holds(self, message_id: str) -> bool:
        async with self._database.read() as connection:
            row = select(deliveries.c.id).where(self._shows_it(message_id))
            return (await connection.execute(row.limit(1))).first() is not None

    async def spoiled(self, message_id: str) -> None:
        """Queue the turn again: its next attempt looks at the message as at one that is not complete."""
        over = turns.c.state.in_((TurnState.RUNNING, TurnState.ANSWERED))
        async with self._database.write() as connection:
            await lock_turns(connection, turns.c.id == self._turn.id)
            spoiled = update(deliveries).where(self._shows_it(message_id)).values(closed=False)
            if not (await connection.execute(spoiled)).rowcount:
                return
            again = update(turns).where(turns.c.id == self._turn.id, over)
            await connection.execute(again.values(state=TurnState.QUEUED, tries=turns.c.tries - 1))

    def _shows_it(self, message_id: str) -> Any:
        here = (deliveries.c.turn_id == self._turn.id) & deliveries.c.gone.is_(False)
        return here & (deliveries.c.message_id == message_id)

    async def _change(self, part: int, **values: object) -> None:
        await outlast(lambda: self._change_once(part, values))
        if self._on_text is not None and values.get("shown") and part < FILES:
            tell, self._on_text = self._on_text, None
            tell()

    async def _change_once(self, part: int, values: dict[str, object]) -> None:
        which = {"turn": self._turn.id, "at_part": part, **held_by(self._turn)}
        asked_at = clock()
        async with self._database.write(synced=False) as connection:
            changed = await connection.execute(_changing(*values), {**which, **values})
            if not changed.rowcount:
                await assert_current(connection, self._turn)
                if "message_id" in values:  # its intent was forgotten with all else that its author took back
                    row = {"turn_id": self._turn.id, "part": part, "generation": self.generation, **values}
                    await connection.execute(insert(deliveries), row)
        self._seen_at = asked_at


@cache
def _standing() -> Select[Any]:
    rows = select(deliveries).where(deliveries.c.turn_id == bindparam("turn"), deliveries.c.gone.is_(False))
    return rows.order_by(deliveries.c.part)


@cache
def _changing(*names: str) -> Update:
    """Set these columns of a part, by the attempt that holds the turn; its row is locked as the fence locks it."""
    ours = select(turns.c.id).where(is_current()).with_for_update(key_share=True)
    changed = update(deliveries).where(_is_part(), deliveries.c.turn_id.in_(ours))
    return changed.values({name: bindparam(name, type_=deliveries.c[name].type) for name in names})


@cache
def _unintended() -> Any:
    never = (deliveries.c.part == 0) & (deliveries.c.message_id == "")
    return deliveries.delete().where(deliveries.c.turn_id == bindparam("turn"), never)


def _is_part() -> ColumnElement[bool]:
    return (deliveries.c.turn_id == bindparam("turn")) & (deliveries.c.part == bindparam("at_part"))


def _nonce(turn: Turn, part: int, revision: int) -> str:
    return f"{turn.key[:NONCE_KEY_CHARS]}-{part}-{revision}"


def _delivery(turn: Turn, row: Row[Any]) -> Delivery:
    return Delivery(
        part=row.part,
        nonce=_nonce(turn, row.part, row.revision),
        message_id=row.message_id,
        shown=row.shown,
        closed=row.closed,
        generation=row.generation,
    )
