"""Messages that one person alone sees: Slack's ephemeral messages, and answers over a `response_url`.

They can't be edited, looked up or deleted by the app, and are gone when the client is opened anew: enough for the
answer to a command or to a press of a button.

Slack gives such an interaction a `response_url` of its own: five posts within half an hour, without a token, also where
the bot is no member (docs.slack.dev, "Handling user interaction").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
from yarl import URL

from bots.slack.delivery.channel import SlackChannel
from bots.slack.delivery.messages import bare, message_content, write_blocks
from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import text_of
from bots.slack.transport.hosts import may_see_the_token
from core.domain import Button, Delivery, MessageRefused, PlaceClosed, PlatformBusy, PlatformError
from core.util.log import log

_MOST_BYTES = 2_000
_NOT_THE_CONTENT = frozenset((403, 404, 408, 410, 429))
_USED_UP = ("used_url", "expired_url", "invalid_token")
"""What Slack answers when five posts were made, or half an hour has passed."""


class EphemeralChannel(SlackChannel):
    """An `EditableChannel` whose messages only the person who pressed sees."""

    async def working(self) -> None:
        pass

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        posted = await write_blocks(
            self._api,
            "chat.postEphemeral",
            message_content(text, buttons),
            once=True,
            channel=self._place.channel,
            user=self._place.user,
            thread_ts=self._place.thread or None,
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
        content = message_content(text, buttons)
        try:
            try:
                await self._respond(content)
            except MessageRefused as exc:
                log.warning("slack.blocks_refused", code=exc.code)
                await self._respond(bare(content))
        except PlatformError as exc:
            log.info("slack.response_url_refused", code=exc.code)
            return await super().post(text, delivery, buttons)
        return delivery.nonce

    async def _respond(self, content: Mapping[str, Any]) -> None:
        app, url = self._api.app, URL(self._place.reply)
        if not may_see_the_token(app.settings, url):  # the hosts that are Slack's own
            raise PlaceClosed(PLATFORM, code="response_url_elsewhere")
        whole = {"response_type": "ephemeral", "replace_original": False, **content}
        try:
            async with app.session.post(
                url, json=whole, allow_redirects=False, proxy=app.settings.proxy or None
            ) as answer:
                said = (await answer.content.read(_MOST_BYTES)).decode("utf-8", "replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise PlatformBusy(PLATFORM, code="unreachable", detail=type(exc).__name__) from None
        if answer.status != 200 or '"ok":false' in "".join(said.split()):
            raise _refusal(answer.status, said)


def _refusal(status: int, said: str) -> PlatformError:
    """What a refusal over a `response_url` means: it is used up or too old, or does not take what was posted."""
    code = f"response_url_{status}"
    if status in _NOT_THE_CONTENT or status >= 500 or any(word in said for word in _USED_UP):
        return PlaceClosed(PLATFORM, code=code)
    return MessageRefused(PLATFORM, code=code)
