"""SQLite's writers of one process: one after another, and those that wait for each other with one commit.

A commit waits for the disk. Whoever asks to write meanwhile is let into one transaction, one after the other, each in a
savepoint of its own; then it is committed once, and nobody is told before that. Who fails takes back only what they
wrote themselves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.storage.db.cancel_safe import settled
from core.storage.db.sqlite_driver import Writing

SAVEPOINT = "member"


@dataclass(slots=True)
class _Group:
    """A transaction that several write in."""

    transaction: Writing
    synced: bool
    members: int = 0
    is_over: bool = False
    error: Exception | None = None
    """Why nothing of it is stored."""


class Writers:
    """Gives out the one transaction that writes. What a block wrote is committed when the block has been left."""

    def __init__(self, transaction: Callable[[bool, bool], Writing]) -> None:
        """`transaction` makes one: for `many_rows`, and `synced`."""
        self._transaction = transaction
        self._turn = asyncio.Lock()
        self._asking = 0
        self._group: _Group | None = None

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Let nobody write meanwhile; what was written before is committed."""
        async with self._turn:
            await self._end(self._group)
            yield

    @asynccontextmanager
    async def writing(self, *, many_rows: bool, synced: bool) -> AsyncIterator[Writing]:
        """A part of a transaction. With `many_rows` one of its own; not `synced`: a power cut may take it back."""
        self._asking += 1
        try:
            await self._turn.acquire()
        finally:
            self._asking -= 1
        try:
            group = await self._open(many_rows=many_rows, synced=synced)
            async with self._member(group):
                yield group.transaction
            if many_rows or not self._asking:
                await self._end(group)
        finally:
            self._turn.release()
        if not group.is_over:
            await settled(self._end_later(group))
        if group.error is not None:
            raise group.error

    async def _open(self, *, many_rows: bool, synced: bool) -> _Group:
        """The open transaction, where this writer may join it, else a new one."""
        group = self._group
        if group is not None and not many_rows and (group.synced or not synced):
            return group
        await self._end(group)
        transaction = self._transaction(many_rows, synced)
        await transaction.__aenter__()
        self._group = _Group(transaction, synced)
        return self._group

    @asynccontextmanager
    async def _member(self, group: _Group) -> AsyncIterator[None]:
        driver, is_first = group.transaction.driver, group.members == 0
        if not is_first:
            driver.execute(f"SAVEPOINT {SAVEPOINT}")
        try:
            yield
        except BaseException as error:
            if not is_first and driver.in_transaction:
                driver.execute(f"ROLLBACK TO {SAVEPOINT}")
                driver.execute(f"RELEASE {SAVEPOINT}")
            else:  # some errors, such as a full disk, take all back at once
                await self._leave(group, error if isinstance(error, Exception) else _lost())
            raise
        if not driver.in_transaction:
            lost = _lost()
            await self._leave(group, lost)
            raise lost
        if not is_first:
            driver.execute(f"RELEASE {SAVEPOINT}")
        group.members += 1

    async def _end_later(self, group: _Group) -> None:
        """Commit after those who wait now, unless one of them did."""
        async with self._turn:
            await self._end(group)

    async def _end(self, group: _Group | None) -> None:
        """Commit, if that is still to be done; who holds the lock of writers does it."""
        if group is not None and not group.is_over:
            await settled(
                self._commit(group)
            )  # whoever is cancelled meanwhile takes the outcome from nobody else

    async def _commit(self, group: _Group) -> None:
        error: Exception | None = RuntimeError("whether the disk has it is not known")
        try:
            await group.transaction.commit()
            error = None
        except Exception as failed:  # noqa: BLE001  told to everybody who wrote
            error = failed
        finally:
            await self._leave(group, error)

    async def _leave(self, group: _Group, error: Exception | None) -> None:
        group.is_over, group.error, self._group = True, error, None
        await group.transaction.leave()


def _lost() -> Exception:
    return RuntimeError("the database took a transaction back in the middle of it")
