"""The messages of a thread before the question."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from bots.slack.delivery.messages import is_ours, pages
from bots.slack.events.address import Address
from bots.slack.events.message_reader import attachment_of
from bots.slack.events.mrkdwn import from_mrkdwn, without_mention
from bots.slack.events.payloads import Bot, moment_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from core.delivery.platform_retry import patiently
from core.domain import PlatformError, Quote
from core.util.log import log

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
    return [_quote(message, authors, bot, place.team) for message in messages]


async def _thread(api: SlackApi, place: Address, most: int) -> list[Mapping[str, Any]]:
    """Read the thread up to the question and keep the newest: Slack gives a thread from its beginning on."""

    async def read(method: str, **asked: Any) -> Mapping[str, Any]:
        return await patiently(partial(api.read, method, **asked), budget_s=10.0)

    kept: deque[Mapping[str, Any]] = deque(maxlen=most)
    until = {"latest": place.question} if place.question else {}
    async for page in pages(
        read, _MOST_PAGES, thread=place.thread, channel=place.channel, limit=200, **until
    ):
        kept.extend(each for each in page if _is_before(each, place))
    return list(kept)


def _is_before(message: Mapping[str, Any], place: Address) -> bool:
    ts, question = moment_of(message), moment_of({"ts": place.question})
    return ts is not None and (not place.question or (question is not None and ts < question))


async def _names(people: People, bot: Bot, messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    users = {text_of(each, "user") for each in messages if not each.get("bot_id")} - {"", bot.user}
    found = await asyncio.gather(*(people.find(user) for user in users))
    return {user: person.name or user for user, person in zip(users, found, strict=True)}


def _quote(message: Mapping[str, Any], authors: Mapping[str, str], bot: Bot, team: str) -> Quote:
    own, user = is_ours(message, bot), text_of(message, "user")
    other = text_of(message, "username") or text_of(message.get("bot_profile"), "name")
    return Quote(
        origin=text_of(message, "ts"),
        author_name=bot.name if own else authors.get(user) or other,
        text=from_mrkdwn(without_mention(text_of(message, "text"), bot.user)),
        attachments=tuple(
            attachment_of(file, team) for file in parts_of(message, "files") if text_of(file, "id")
        ),
        author=user or text_of(message, "bot_id"),
        own=own,
    )
