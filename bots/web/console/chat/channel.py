"""One account's chat as a place where messages are posted and edited: rows, which its pages show."""

from __future__ import annotations

from collections.abc import Sequence

from bots.web.console.chat import PLATFORM
from core.delivery.message_parts import UNKNOWN_MESSAGE
from core.domain import Button, Delivery, PlaceClosed
from core.storage.console_chat.rows import AccountGone
from core.storage.console_chat.store import ChatStore

MAX_SIZE = 8_000
"""Characters of one message: what changes is rendered and sent anew, so that it is not to be all of a long answer."""


class ChatChannel:
    """Implements `core.domain.ports.EditableChannel`."""

    def __init__(self, store: ChatStore, user_id: int, edit_interval_s: float) -> None:
        self._store = store
        self._user_id = user_id
        self.edit_interval_s = edit_interval_s

    @property
    def max_size(self) -> int:
        return MAX_SIZE

    def size(self, text: str) -> int:
        return len(text)

    async def working(self) -> None:
        """The page shows by itself that what was said is still to be answered."""

    async def rested(self) -> None:
        """Likewise."""

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        try:
            posted = await self._store.post(self._user_id, delivery.nonce, text, buttons=drawn(buttons))
        except AccountGone:
            raise PlaceClosed(PLATFORM, code="no_account") from None
        return str(posted)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        if not await self._store.edit(self._user_id, number(message_id), text, drawn(buttons)):
            raise PlaceClosed(PLATFORM, code=UNKNOWN_MESSAGE)

    async def delete(self, message_id: str) -> None:
        if not await self._store.remove(self._user_id, number(message_id)):
            raise PlaceClosed(PLATFORM, code=UNKNOWN_MESSAGE)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        found = await self._store.find(self._user_id, delivery.nonce)
        return None if found is None else str(found)


def number(text: str) -> int:
    """The id in a string of ours; 0, which nothing has, for any other."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def drawn(buttons: Sequence[Button]) -> list[dict[str, str]]:
    """Buttons as they are kept."""
    return [
        {"action": each.action.value, "turn": each.turn, "label": each.label, "value": each.value}
        for each in buttons
    ]
