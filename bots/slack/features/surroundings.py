"""What was said in a thread before the question."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

import structlog

from bots.slack.delivery.channel import is_ours
from bots.slack.events.address import Address
from bots.slack.events.markup_in import readable, without_mention
from bots.slack.events.payloads import Bot, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from core.delivery.platform_retry import patiently
from core.domain.errors import PlatformError
from core.domain.messages import Quote

log = structlog.get_logger(__name__)

_PAGE = 200
_BUDGET_S = 10.0
_MOST_PAGES = 10


async def quotes(api: SlackApi, people: People, place: Address, most: int) -> Sequence[Quote]:
    """Read the thread before the question, oldest first; empty where nothing stands there or may be read.

    In a direct message too: our answers stand in threads there, and who goes on inside one is heard as in a
    conversation of its own.
    """
    if most <= 0 or not place.thread or place.thread == place.question:
        return ()
    try:
        bot = await api.who_am_i()
        messages = await _thread(api, place, most)
    except PlatformError as exc:
        log.info("slack.thread_unreadable", channel=place.channel, code=exc.code)
        return ()
    authors = await _names(people, bot, messages)
    return [_quote(message, authors, bot) for message in messages]


async def _thread(api: SlackApi, place: Address, most: int) -> list[Mapping[str, Any]]:
    """Slack gives a thread from its beginning on: the newest are what counts, so it is read to the question."""
    kept: deque[Mapping[str, Any]] = deque(maxlen=most)
    cursor: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        until = {"latest": place.question} if place.question else {}
        asked = {"channel": place.channel, "ts": place.thread, "limit": _PAGE, **until, **cursor}
        page = await patiently(partial(api.read, "conversations.replies", **asked), budget_s=_BUDGET_S)
        messages = page.get("messages")
        kept.extend(each for each in messages or () if isinstance(each, Mapping) and _is_before(each, place))
        metadata = page.get("response_metadata")
        following = text_of(metadata, "next_cursor") if isinstance(metadata, Mapping) else ""
        if not following:
            break
        cursor = {"cursor": following}
    return list(kept)


def _is_before(message: Mapping[str, Any], place: Address) -> bool:
    try:
        ts = Decimal(text_of(message, "ts"))
        return not place.question or ts < Decimal(place.question)
    except InvalidOperation:
        return False


async def _names(people: People, bot: Bot, messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    users = {text_of(each, "user") for each in messages if not each.get("bot_id")} - {"", bot.user}
    found = await asyncio.gather(*(people.find(user) for user in users))
    return {user: person.name or user for user, person in zip(users, found, strict=True)}


def _quote(message: Mapping[str, Any], authors: Mapping[str, str], bot: Bot) -> Quote:
    files = message.get("files")
    named = (
        [text_of(file, "name") for file in files if isinstance(file, Mapping)]
        if isinstance(files, list)
        else []
    )
    return Quote(
        origin=text_of(message, "ts"),
        author_name=_author(message, authors, bot),
        text=readable(without_mention(text_of(message, "text"), bot.user)),
        attachment_names=tuple(name for name in named if name),
        author=text_of(message, "user") or text_of(message, "bot_id"),
        own=is_ours(message, bot),
    )


def _author(message: Mapping[str, Any], authors: Mapping[str, str], bot: Bot) -> str:
    if is_ours(message, bot):
        return bot.name
    profile = message.get("bot_profile")
    other = text_of(profile, "name") if isinstance(profile, Mapping) else ""
    return authors.get(text_of(message, "user")) or text_of(message, "username") or other
