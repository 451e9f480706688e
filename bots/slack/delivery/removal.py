"""Taking an answer of ours away again: its messages, whether streamed or posted, and its files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bots.slack.delivery.uploads import is_file
from bots.slack.events.address import PLATFORM, Address
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import UNKNOWN_MESSAGE
from core.delivery.platform_retry import patiently
from core.domain import OutcomeUnknown, PlaceClosed, PlatformBusy, PlatformError

_BUDGET_S = 60.0
_STILL_STREAMING = "streaming_state_conflict"
_GONE = frozenset((UNKNOWN_MESSAGE, "file_not_found", "file_deleted"))


async def remove(api: SlackApi, place: Address, message_ids: Sequence[str]) -> None:
    """Delete what the ledger holds. Raises `PlaceClosed` at the end where something stays."""
    if place.home or place.ephemeral:
        raise PlaceClosed(PLATFORM, code="only_one_sees_it")
    refused: PlaceClosed | None = None
    for message_id in message_ids:
        for each in message_id.split(","):
            try:
                await patiently(
                    lambda each=each: _delete(api, place, each),  # type: ignore[misc]  # mypy: a default is no parameter
                    budget_s=_BUDGET_S,
                    retry=(PlatformBusy, OutcomeUnknown),
                    now=api.app.now,
                    sleep=api.app.sleep,
                )
            except PlaceClosed as exc:
                refused = exc
    if refused is not None:
        raise refused


async def _delete(api: SlackApi, place: Address, message_id: str) -> None:
    try:
        if is_file(message_id):
            await api.write("files.delete", file=message_id)
        else:
            await _delete_message(api, place, message_id)
    except PlaceClosed as exc:
        if exc.code not in _GONE:
            raise


async def _delete_message(api: SlackApi, place: Address, ts: str) -> None:
    try:
        await api.write("chat.delete", channel=place.channel, ts=ts)
    except PlaceClosed as exc:
        if exc.code != _STILL_STREAMING:
            raise
        with suppress(PlatformError):
            await api.write("chat.stopStream", once=True, channel=place.channel, ts=ts)
        await api.write("chat.delete", channel=place.channel, ts=ts)
