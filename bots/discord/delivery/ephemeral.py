"""A sentence for one person's eyes: what a press is answered, and nobody else sees."""

from __future__ import annotations

from collections.abc import Sequence

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.delivery.webhook import Webhook
from bots.discord.events.address import Address
from bots.discord.transport.api import Session
from core.domain import Button, Delivery


class EphemeralChannel(DiscordChannel):
    """The place of a press's reply, a sentence that nobody but the person who pressed sees.

    It goes over the interaction's own webhook, for 15 minutes, from any process. A follow-up has no nonce and can't be
    looked up: where nobody told whether it arrived, it may be said twice.
    """

    def __init__(self, session: Session, address: Address) -> None:
        super().__init__(session, address)
        self._hook = Webhook(session, address)

    @property
    def edit_interval_s(self) -> float:
        return self._session.timing.webhook_interval_s

    async def working(self) -> None:
        """A press shows no work: its reply is one sentence."""

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        return await self._hook.add(text, buttons, hidden=True)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        await self._hook.change(message_id, text, buttons)

    async def delete(self, message_id: str) -> None:
        await self._hook.remove(message_id)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return None
