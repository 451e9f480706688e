"""Taking an answer of ours away again, every message of it."""

from __future__ import annotations

from collections.abc import Sequence

from bots.discord.transport.timing import Timing
from core.delivery.platform_retry import patiently
from core.domain import EditableChannel, OutcomeUnknown, PlaceClosed, PlatformBusy

_BUDGET_S = 60.0


async def remove(channel: EditableChannel, message_ids: Sequence[str], timing: Timing) -> None:
    """Delete messages. Raises `PlaceClosed` at the end where one stays."""
    refused: PlaceClosed | None = None
    for message_id in message_ids:
        try:
            await _delete(channel, message_id, timing)
        except PlaceClosed as error:
            refused = error
    if refused is not None:
        raise refused


async def _delete(channel: EditableChannel, message_id: str, timing: Timing) -> None:
    await patiently(
        lambda: channel.delete(message_id),
        budget_s=_BUDGET_S,
        retry=(PlatformBusy, OutcomeUnknown),
        now=timing.now,
        sleep=timing.sleep,
    )
