"""A sentence for one person's eyes in a channel: Slack's ephemeral messages.

They can't be edited, looked up or deleted by the app, and are gone when the client is opened anew: enough for the
answer to a press of a button.
"""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.delivery.channel import Signs, SlackChannel, shown
from bots.slack.events.address import Address
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.fair_interval import Share
from core.domain.messages import Button
from core.domain.ports import Delivery


class EphemeralChannel(SlackChannel):
    """An `EditableChannel` that nobody but the person who pressed sees."""

    def __init__(self, api: SlackApi, place: Address, signs: Signs, share: Share) -> None:
        super().__init__(api, place, signs, share)
        self._web_api = api
        self._address = place

    async def working(self) -> None:
        pass

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        posted = await self._web_api.write(
            "chat.postEphemeral",
            once=True,
            channel=self._address.channel,
            user=self._address.user,
            thread_ts=self._address.thread or None,
            **shown(text, buttons),
        )
        return text_of(posted, "message_ts")

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        """It stays as it was said."""

    async def delete(self, message_id: str) -> None:
        """It goes by itself."""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """Slack tells nobody of it: it may be said twice."""
        return None
