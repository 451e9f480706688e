"""Messages in Slack: what one is made of, how it is posted, and how the newest are read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bots.slack.delivery.markup_out import safe
from bots.slack.events.address import Address
from bots.slack.events.buttons import button_blocks
from bots.slack.events.payloads import Bot, part_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import BLOCKS_REFUSED
from core.domain.errors import PlaceClosed, PlatformBusy, PlatformError
from core.domain.messages import Button

log = structlog.get_logger(__name__)

_MOST_READ = 200


def message_content(text: str, buttons: Sequence[Button] = ()) -> dict[str, Any]:
    """A message's content in both forms that Slack wants."""
    harmless = safe(text)
    return {"text": harmless, "blocks": [{"type": "markdown", "text": harmless}, *button_blocks(buttons)]}


async def write_blocks(
    api: SlackApi, method: str, content: Mapping[str, Any], **arguments: Any
) -> dict[str, Any]:
    """Write a message, or its bare text where Slack does not take the blocks."""
    try:
        return await api.write(method, **arguments, **content)
    except PlaceClosed as exc:
        if exc.code not in BLOCKS_REFUSED:
            raise
        log.warning("slack.blocks_refused", code=exc.code)
        return await api.write(method, **arguments, text=content["text"], blocks=[])


async def post(
    api: SlackApi, channel: str, thread: str, content: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Post a message without previews of its links, in a thread or (`""`) in the channel itself."""
    silent = {"unfurl_links": False, "unfurl_media": False}
    where = {"channel": channel, "thread_ts": thread or None}
    return await write_blocks(api, "chat.postMessage", content, once=True, **where, **silent, **more)


async def direct_channel(api: SlackApi, user: str) -> str:
    """Open the direct messages with a person; `""` where Slack names no channel."""
    return text_of(part_of(await api.write("conversations.open", users=user), "channel"), "id")


async def recent(api: SlackApi, place: Address) -> list[Mapping[str, Any]]:
    """Read what was written after the question where its answer goes; empty where the app may not read.

    Raises:
        PlatformBusy: not now; asking later may tell.
    """
    where = {"ts": place.thread} if place.thread else {}
    try:
        answer = await api.read(
            "conversations.replies" if place.thread else "conversations.history",
            channel=place.channel,
            include_all_metadata=True,
            limit=_MOST_READ,
            **where,
            **({"oldest": place.question} if place.question else {}),
        )
    except PlatformError as exc:
        if isinstance(exc, PlatformBusy):
            raise
        log.info("slack.history_unreadable", channel=place.channel, code=exc.code)
        return []
    return parts_of(answer, "messages")


def nonce_of(message: Mapping[str, Any]) -> str:
    return text_of(part_of(message.get("metadata"), "event_payload"), "nonce")


def is_ours(message: Mapping[str, Any], bot: Bot) -> bool:
    return text_of(message, "user") == bot.user or bool(bot.bot and text_of(message, "bot_id") == bot.bot)
