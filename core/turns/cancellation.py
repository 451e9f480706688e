"""Answers under way whose author cancels them: how the process that writes one hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from core.domain import CancelRequest, StorageError, Turn
from core.storage.turns.store import TurnStore
from core.util.log import log

LOOK_EVERY_S = 5.0
"""Where no notice comes through: the row is read this often while an answer is written."""


@dataclass(frozen=True, slots=True)
class _Noticed:
    """Set when something changed in the conversation of a turn that runs here."""

    turn_id: int
    event: asyncio.Event


class Cancellation:
    """What ended a block of `Cancellations.ending`; `cancel_request` is None if nothing did."""

    cancel_request: CancelRequest | None = None


class Cancellations:
    """Knows the answers that are written here, and ends them when their author says so, in whichever process."""

    def __init__(self, store: TurnStore) -> None:
        self._store = store
        self._noticed: dict[int, _Noticed] = {}

    def look(self, conversation_id: int) -> None:
        """Have the answer that is written in a conversation, if one is, look at what its author wants."""
        if (noticed := self._noticed.get(conversation_id)) is not None:
            noticed.event.set()

    def leave(self, turn: Turn) -> None:
        """The turn runs here no more."""
        if self._of(turn) is not None:
            del self._noticed[turn.conversation_id]

    def _of(self, turn: Turn) -> asyncio.Event | None:
        noticed = self._noticed.get(turn.conversation_id)
        return noticed.event if noticed is not None and noticed.turn_id == turn.id else None

    @asynccontextmanager
    async def ending(self, turn: Turn, *, whole: bool = False) -> AsyncIterator[Cancellation]:
        """Leave the block early, by cancelling what it awaits, when the turn is to end; its
        `cancel_request` then tells why.

        `whole`: the answer is only being shown, which fewer requests end. Between the blocks of one turn, until
        `leave`, nothing is missed. In its first block the row is read at once where the answer is whole; else the
        call to AIVAX reads it, and tells by `look` where there is anything.
        """
        cancellation, scope = Cancellation(), asyncio.timeout(None)
        if (noticed := self._of(turn)) is None:
            noticed = asyncio.Event()
            self._noticed[turn.conversation_id] = _Noticed(turn.id, noticed)
            if whole:
                noticed.set()

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
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _cancelled(self, turn: Turn, noticed: asyncio.Event, *, whole: bool) -> CancelRequest:
        """Wait until the turn is to end."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await noticed.wait()
            noticed.clear()
            try:
                cancel_request = await self._store.cancel_request(turn)
            except asyncio.CancelledError:
                noticed.set()  # for the next block
                raise
            except StorageError as error:
                log.info("turn.cancel_request_unknown", turn=turn.id, cause=str(error))
                cancel_request = None
            if cancel_request is not None and (
                cancel_request.ends_delivery if whole else cancel_request.ends_answer
            ):
                return cancel_request
