"""Answers under way whose author cancels them: how the process that writes one hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from core.domain.errors import StorageError
from core.domain.turn import Turn, Wish
from core.storage.turns.store import TurnStore

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 5.0
"""Where no notice comes through: the row is read this often while an answer is written."""


class Cancellation:
    """What ended a block of `Cancellations.ending`; `wish` is None if nothing did."""

    wish: Wish | None = None


class Cancellations:
    """Knows the answers that are written here, and ends them when their author says so, in whichever process."""

    def __init__(self, store: TurnStore) -> None:
        self._store = store
        self._noticed: dict[int, asyncio.Event] = {}

    def look(self, conversation_id: int) -> None:
        """Have the answer that is written in a conversation, if one is, look at what its author wants."""
        if (noticed := self._noticed.get(conversation_id)) is not None:
            noticed.set()

    @asynccontextmanager
    async def ending(self, turn: Turn, *, whole: bool = False) -> AsyncIterator[Cancellation]:
        """Leave the block early, by cancelling what it awaits, when the turn is to end; `wish` then tells why.

        `whole`: the answer is only being shown, which fewer requests end.
        """
        cancellation = Cancellation()
        noticed = self._noticed[turn.conversation_id] = asyncio.Event()
        scope = asyncio.timeout(None)

        async def watch() -> None:
            cancellation.wish = await self._cancelled(turn, noticed, whole=whole)
            scope.reschedule(asyncio.get_running_loop().time())

        watching = asyncio.create_task(watch())
        try:
            with suppress(_Ended):
                try:
                    async with scope:
                        yield cancellation
                except TimeoutError as exc:
                    if cancellation.wish is None or not scope.expired():
                        raise
                    raise _Ended from exc
        finally:
            self._noticed.pop(turn.conversation_id, None)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _cancelled(self, turn: Turn, noticed: asyncio.Event, *, whole: bool) -> Wish:
        """Wait until the turn is to end."""
        while True:
            noticed.clear()
            try:
                wish = await self._store.wish(turn)
            except StorageError as error:
                log.info("turn.wish_unknown", turn=turn.id, cause=str(error))
                wish = None
            if wish is not None and (wish.ends_delivery if whole else wish.ends_answer):
                return wish
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await noticed.wait()


class _Ended(Exception):
    """The block was left because the turn is to end."""
