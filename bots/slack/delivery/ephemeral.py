"""A sentence for one person's eyes in a channel: Slack's ephemeral messages.

They can't be edited, looked up or deleted by the app, and are gone when the client is opened anew: enough for the
answer to a press of a button.
"""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.delivery.channel import Signs, SlackChannel, shown
from bots.slack.events.address import Where
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.fair_interval import Share
from core.domain.messages import Button
from core.domain.ports import Delivery


class Whisper(SlackChannel):
    """An `EditableChannel` that nobody but the person who pressed sees."""

    def __init__(self, api: SlackApi, place: Where, signs: Signs, share: Share) -> None:
        super().__init__(api, place, signs, share)
        self._whispers = api
        self._to = place

    async def working(self) -> None:
        pass

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        posted = await self._whispers.write(
            "chat.postEphemeral",
            once=True,
            channel=self._to.channel,
            user=self._to.user,
            thread_ts=self._to.thread or None,
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
