"""Messages that one person alone sees: Slack's ephemeral messages, and answers over a `response_url`.

They can't be edited, looked up or deleted by the app, and are gone when the client is opened anew: enough for the
answer to a command or to a press of a button.

Slack gives such an interaction a `response_url` of its own: five posts within half an hour, without a token, also where
the bot is no member (docs.slack.dev, "Handling user interaction").
"""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
from yarl import URL

from bots.slack.delivery.channel import SlackChannel
from bots.slack.delivery.messages import message_content
from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import text_of
from bots.slack.transport.hosts import may_see_the_token
from core.domain import Button, Delivery, PlaceClosed, PlatformBusy, PlatformError
from core.util.log import log


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


class ResponseUrlChannel(EphemeralChannel):
    """An `EditableChannel` over a `response_url`; where that is used up or too old, over Slack's ephemeral messages."""

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        try:
            await self._respond(text, buttons)
        except PlatformError as exc:
            log.info("slack.response_url_refused", code=exc.code)
            return await super().post(text, delivery, buttons)
        return delivery.nonce

    async def _respond(self, text: str, buttons: Sequence[Button]) -> None:
        app, url = self._api.app, URL(self._place.reply)
        if not may_see_the_token(app.settings, url):  # the hosts that are Slack's own
            raise PlaceClosed(PLATFORM, code="response_url_elsewhere")
        content = {"response_type": "ephemeral", "replace_original": False, **message_content(text, buttons)}
        try:
            async with app.session.post(
                url, json=content, allow_redirects=False, proxy=app.settings.proxy or None
            ) as answer:
                if answer.status != 200:
                    raise PlaceClosed(PLATFORM, code=f"response_url_{answer.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise PlatformBusy(PLATFORM, code="unreachable", detail=type(exc).__name__) from None
