"""Answers under way whose author cancels them: how the process that writes one hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from core.domain import CancelRequest, StorageError, Turn
from core.storage.turns.store import TurnStore
from core.util.log import log

LOOK_EVERY_S = 5.0
"""Where no notice comes through: the row is read this often while an answer is written."""


class Cancellation:
    """What ended a block of `Cancellations.ending`; `cancel_request` is None if nothing did."""

    cancel_request: CancelRequest | None = None


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
        """Leave the block early, by cancelling what it awaits, when the turn is to end; its
        `cancel_request` then tells why.

        `whole`: the answer is only being shown, which fewer requests end.
        """
        cancellation, scope = Cancellation(), asyncio.timeout(None)
        noticed = self._noticed[turn.conversation_id] = asyncio.Event()

        async def watch() -> CancelRequest:
            cancel_request = await self._cancelled(turn, noticed, whole=whole)
            scope.reschedule(asyncio.get_running_loop().time())
            return cancel_request

        watching = asyncio.create_task(watch())
        try:
            async with scope:
                yield cancellation
        except TimeoutError:
            if not scope.expired():
                raise
            cancellation.cancel_request = watching.result()
        finally:
            self._noticed.pop(turn.conversation_id, None)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _cancelled(self, turn: Turn, noticed: asyncio.Event, *, whole: bool) -> CancelRequest:
        """Wait until the turn is to end."""
        while True:
            noticed.clear()
            try:
                cancel_request = await self._store.cancel_request(turn)
            except StorageError as error:
                log.info("turn.cancel_request_unknown", turn=turn.id, cause=str(error))
                cancel_request = None
            if cancel_request is not None and (
                cancel_request.ends_delivery if whole else cancel_request.ends_answer
            ):
                return cancel_request
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await noticed.wait()
