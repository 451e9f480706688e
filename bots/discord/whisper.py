"""A sentence for one person's eyes: the follow-up to a press of a button, over the interaction's own webhook."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bots.discord.channel import QUIET, DiscordChannel
from bots.discord.places import PLATFORM, Address
from bots.discord.session import Session
from bots.discord.text import native
from core.errors import PlaceClosed
from core.messages import Button
from core.ports import Delivery

OVER = (401, 404)
"""The interaction's token is over, or it was never answered: nobody waits for the sentence any more."""


class Whisper(DiscordChannel):
    """An `EditableChannel` that nobody but the person who pressed sees, for 15 minutes, from any process.

    A follow-up has no nonce and can't be looked up: where nobody told whether it arrived, it may be said twice.
    """

    def __init__(self, session: Session, address: Address) -> None:
        super().__init__(session, address)
        self._webhook = (address.app, address.token)
        self._calls = session

    async def working(self) -> None:
        pass

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        async def send(client: discord.Client) -> discord.WebhookMessage:
            try:
                return await self._hook(client).send(
                    native(text), ephemeral=True, wait=True, suppress_embeds=True, allowed_mentions=QUIET
                )
            except discord.HTTPException as exc:
                if exc.status in OVER:
                    raise PlaceClosed(PLATFORM, code=str(exc.code), detail="the interaction is over") from exc
                raise

        return str((await self._calls.call(send, creates=True)).id)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        """It stays as it was said."""

    async def delete(self, message_id: str) -> None:
        """It goes by itself."""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return None

    def _hook(self, client: discord.Client) -> discord.Webhook:
        number, token = self._webhook
        # of an application's kind: one made by `Webhook.partial` is of another, which may not whisper
        state = client._connection  # noqa: SLF001
        return discord.Webhook.from_state({"id": number, "type": 3, "token": token}, state=state)
