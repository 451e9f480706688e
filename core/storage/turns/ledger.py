"""The ledger in the database: every call is a transaction of its own that the fence guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, update

from core.domain import Delivery, Turn, TurnState
from core.storage.db import Database, deliveries, lock_turns, outlast, turns
from core.storage.turns.fence import assert_current

NONCE_KEY_CHARS = 14
FILES = 10_000
"""From this part number on a delivery shows files and none of the text."""


class StoredLedger:
    """`core.domain.ports.Ledger` for one attempt at one turn."""

    def __init__(self, database: Database, turn: Turn, earlier: Sequence[Delivery]) -> None:
        self._database = database
        self._turn = turn
        self._earlier = tuple(each for each in earlier if each.part < FILES)
        self.files = {each.part: each for each in earlier if each.part >= FILES}
        """What earlier attempts posted, or meant to post, of the answer's files."""

    @classmethod
    async def open(cls, database: Database, turn: Turn) -> StoredLedger:
        """Read what earlier attempts left."""
        rows = select(deliveries).where(deliveries.c.turn_id == turn.id, deliveries.c.gone.is_(False))
        async with database.read() as connection:
            found = (await connection.execute(rows.order_by(deliveries.c.part))).all()
        return cls(database, turn, [_delivery(turn, row) for row in found])

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
        return await outlast(lambda: self._intend(part))

    async def _intend(self, part: int) -> Delivery:
        async with self._database.write() as connection:
            await assert_current(connection, self._turn)
            row = (await connection.execute(select(deliveries).where(self._is(part)))).one_or_none()
            if row is None:
                await connection.execute(
                    deliveries.insert().values(turn_id=self._turn.id, part=part, generation=self.generation)
                )
            elif row.gone:
                anew = update(deliveries).where(self._is(part))
                await connection.execute(
                    anew.values(gone=False, revision=row.revision + 1, message_id="", shown=0, closed=False)
                )
            row = (await connection.execute(select(deliveries).where(self._is(part)))).one()
            return _delivery(self._turn, row)

    async def posted(self, part: int, message_id: str) -> None:
        await self._change(part, message_id=message_id)

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        await self._change(part, shown=shown, closed=closed, generation=self.generation)

    async def forget(self, part: int) -> None:
        await self._change(part, gone=True)

    async def check(self) -> None:
        await outlast(self._check)

    async def _check(self) -> None:
        async with self._database.read() as connection:
            await assert_current(connection, self._turn)

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

    async def _change_once(self, part: int, values: dict[str, object]) -> None:
        async with self._database.write() as connection:
            await assert_current(connection, self._turn)
            await connection.execute(update(deliveries).where(self._is(part)).values(**values))

    def _is(self, part: int) -> Any:
        return (deliveries.c.turn_id == self._turn.id) & (deliveries.c.part == part)


def _delivery(turn: Turn, row: Row[Any]) -> Delivery:
    return Delivery(
        part=row.part,
        nonce=f"{turn.key[:NONCE_KEY_CHARS]}-{row.part}-{row.revision}",
        message_id=row.message_id,
        shown=row.shown,
        closed=row.closed,
        generation=row.generation,
    )
