"""The files that a model made for an answer, kept beside it until its platform shows them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from core.domain import MadeFile, Turn
from core.storage.db import Database, made_files, outlast
from core.storage.turns.fence import assert_current, forgets


class MadeFileStore:
    """What is kept of files: as they come, each in a transaction that the fence guards; nothing once they are shown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, turn: Turn, number: int, file: MadeFile) -> None:
        """Store the so-manieth file of an answer that is being written."""
        await outlast(lambda: self._keep(turn, number, file))

    async def _keep(self, turn: Turn, number: int, file: MadeFile) -> None:
        same = (made_files.c.turn_id == turn.id) & (made_files.c.number == number)
        async with self._database.write() as connection:
            if forgets(await assert_current(connection, turn)):
                return
            await connection.execute(delete(made_files).where(same))
            row = made_files.insert().values(
                turn_id=turn.id,
                number=number,
                name=file.name,
                media_type=file.media_type,
                alt=file.alt,
                size_bytes=len(file.data),
                data=file.data,
            )
            await connection.execute(row)

    async def sizes(self, turn: Turn) -> Sequence[tuple[int, int]]:
        """The number and the size of each file that is still to be shown, in their order."""
        query = select(made_files.c.number, made_files.c.size_bytes).where(made_files.c.turn_id == turn.id)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(made_files.c.number))
            return [(row.number, row.size_bytes) for row in rows]

    async def read(self, turn: Turn, numbers: Sequence[int]) -> Sequence[MadeFile]:
        """Some of the files, in their order; one that was emptied meanwhile is left out."""
        which = (made_files.c.turn_id == turn.id) & made_files.c.number.in_(numbers)
        query = select(made_files).where(which, made_files.c.data != b"").order_by(made_files.c.number)
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return [MadeFile(row.name, row.media_type, row.alt, row.data) for row in rows]

    async def drop(self, turn: Turn, numbers: Sequence[int]) -> None:
        """Forget files that are shown."""
        await outlast(lambda: self._drop(turn, numbers))

    async def _drop(self, turn: Turn, numbers: Sequence[int]) -> None:
        which = (made_files.c.turn_id == turn.id) & made_files.c.number.in_(numbers)
        async with self._database.write() as connection:
            await assert_current(connection, turn)
            await connection.execute(delete(made_files).where(which))
