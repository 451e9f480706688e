"""How a running answer hears that its author cancels it: the one that watches always ends with the block."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from core.domain import CancelRequest, Turn
from core.storage.turns.store import TurnStore
from core.turns.cancellation import Cancellations


class Row:
    """A turn whose author wants nothing."""

    id, conversation_id = 1, 7

    async def cancel_request(self, _turn: Turn) -> CancelRequest | None:
        return None


@pytest.mark.parametrize("steps_after_the_notice", range(6))
async def test_a_notice_in_the_instant_in_which_an_answer_ends_holds_nothing_up(
    steps_after_the_notice: int,
) -> None:
    row = Row()
    cancellations = Cancellations(cast("TurnStore", row))
    async with asyncio.timeout(20):
        async with cancellations.ending(cast("Turn", row)) as cancellation:
            for _ in range(10):
                await asyncio.sleep(0)
            cancellations.look(row.conversation_id)
            for _ in range(steps_after_the_notice):
                await asyncio.sleep(0)

    assert cancellation.cancel_request is None
