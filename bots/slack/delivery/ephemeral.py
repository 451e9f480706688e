"""Messages in a channel that one person alone sees: Slack's ephemeral messages.

They can't be edited, looked up or deleted by the app, and are gone when the client is opened anew: enough for the
answer to a press of a button.
"""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.delivery.channel import SlackChannel
from bots.slack.delivery.messages import message_content
from bots.slack.events.payloads import text_of
from core.domain.messages import Button
from core.domain.ports import Delivery


class EphemeralChannel(SlackChannel):
    """An `EditableChannel` whose messages only the person who pressed sees."""

    async def working(self) -> None:
        pass

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        posted = await self._api.write(
            "chat.postEphemeral",
            once=True,
            channel=self._place.channel,
            user=self._place.user,
            thread_ts=self._place.thread or None,
            **message_content(text, buttons),
        )
        return text_of(posted, "message_ts")

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        """It stays as it was said."""

    async def delete(self, message_id: str) -> None:
        """It goes by itself."""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        """An ephemeral message can't be looked up, so after a lost answer it may be posted twice."""
        return None
