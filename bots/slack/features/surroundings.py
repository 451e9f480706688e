"""The messages of a thread before the question."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from bots.slack.delivery.messages import pages
from bots.slack.events.address import Address
from bots.slack.events.message_reader import files_of, is_ours, words_of
from bots.slack.events.names import NameBook, NamesAsked
from bots.slack.events.payloads import moment_of, text_of
from bots.slack.features.files import described
from bots.slack.transport.api import SlackApi
from bots.slack.transport.names import NameFinder
from core.delivery.platform_retry import patiently
from core.domain import ChannelMessage, Counting, PlatformError, Quote
from core.util.log import log

_MOST_PAGES = 10
_PAGE = 200
_MOST_DESCRIBED = 10
_MOST_THREADS = 100
"""Of which what was answered is read: each is a call, and Slack lets an app make 50 of them a minute."""
_SAID = ("", "bot_message", "file_share", "me_message", "thread_broadcast")
"""The subtypes of messages that somebody wrote; others tell who joined, or what a channel is called now."""
_ROOM_FOR_FIRST = 10
"""From so many messages on one of them is the thread's first."""


async def quotes(api: SlackApi, names: NameFinder, place: Address, most: int) -> Sequence[Quote]:
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
    asked = NamesAsked(bot)
    await _quotes(messages, asked, place.team)
    read = await _quotes(messages, await names.find(asked), place.team)
    return await _with_files(api, read)


async def channel_quotes(
    api: SlackApi, names: NameFinder, place: Address, most: int, told: Counting
) -> Sequence[Quote]:
    """Read a channel's newest messages, oldest first, without what stands in threads; empty where none may be read."""
    until = {"latest": place.question} if place.question else {}
    found: list[Mapping[str, Any]] = []
    try:
        bot = await api.who_am_i()
        reads = pages(
            partial(_patiently, api),
            -(-most // _PAGE),
            thread="",
            channel=place.channel,
            limit=_PAGE,
            **until,
        )
        async for page in reads:
            found += [each for each in page if _is_before(each, place)]
            await told(min(len(found), most))
            if len(found) >= most:
                break
    except PlatformError as exc:
        log.info("slack.channel_unreadable", channel=place.channel, code=exc.code)
        return ()
    newest = found[:most][::-1]
    asked = NamesAsked(bot)
    await _quotes(newest, asked, place.team)
    return await _quotes(newest, await names.find(asked), place.team)


async def said_between(
    api: SlackApi, names: NameFinder, place: Address, span: tuple[datetime, datetime], most: int
) -> Sequence[ChannelMessage]:
    """Read what was said in a channel from the first moment up to the second, oldest first.

    What was answered in threads is among it where the thread's first message lies in that time, too: Slack lists no
    others. Raises as `Frontend.said_between`.
    """
    since, until = (f"{each.timestamp():.6f}" for each in span)
    asked: dict[str, Any] = {"channel": place.channel, "limit": _PAGE, "oldest": since, "latest": until}
    read, bot = partial(_patiently, api), await api.who_am_i()
    top: list[Mapping[str, Any]] = []
    async for page in pages(read, -(-most // _PAGE), thread="", inclusive=True, **asked):
        top += page
    found = {text_of(each, "ts"): each for each in top[:most]}
    threads = [each for each in top[:most] if each.get("reply_count")][:_MOST_THREADS]
    for thread in threads:
        async for page in pages(read, _MOST_PAGES, thread=text_of(thread, "ts"), **asked):
            found |= {text_of(each, "ts"): each for each in page}
    first, last = Decimal(since), Decimal(until)
    told = [(moment, each) for each in found.values() if (moment := moment_of(each)) is not None]
    within = [(moment, each) for moment, each in told if first <= moment < last and _is_words(each)]
    newest = [each for _, each in sorted(within, key=lambda pair: pair[0])][-most:]
    names_asked = NamesAsked(bot)
    await _quotes(newest, names_asked, place.team)
    read_out = await _quotes(newest, await names.find(names_asked), place.team)
    at = str(Address(channel=place.channel, team=place.team))
    return [
        ChannelMessage(quote, _time_of(each), at, by_bot=quote.own or bool(each.get("bot_id")))
        for quote, each in zip(read_out, newest, strict=True)
    ]


def _is_words(message: Mapping[str, Any]) -> bool:
    return text_of(message, "subtype") in _SAID


def _time_of(message: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(float(text_of(message, "ts")), UTC)


async def permalink(api: SlackApi, place: Address, origin: str) -> str:
    """Ask Slack where people find a message; `""` where it doesn't tell."""
    message = origin or place.question or place.thread
    if not message:
        return ""
    try:
        told = await api.read("chat.getPermalink", channel=place.channel, message_ts=message)
    except PlatformError as exc:
        log.info("slack.no_permalink", channel=place.channel, code=exc.code)
        return ""
    return text_of(told, "permalink")


async def _patiently(api: SlackApi, method: str, **asked: Any) -> Mapping[str, Any]:
    return await patiently(partial(api.read, method, **asked), budget_s=90.0)


async def _quotes(messages: Sequence[Mapping[str, Any]], names: NameBook, team: str) -> list[Quote]:
    """Read messages one by one, so that nothing else waits for all of them."""
    found = []
    for message in messages:
        found.append(_quote(message, names, team))
        await asyncio.sleep(0)
    return found


async def _with_files(api: SlackApi, read: Sequence[Quote]) -> list[Quote]:
    """Have the newest of those files described of which only the id is told, all at once."""
    files = [file for each in read for file in each.attachments][-_MOST_DESCRIBED:]
    known = {file.ref: told for file, told in zip(files, await described(api, files), strict=True)}
    return [
        replace(each, attachments=tuple(known.get(file.ref, file) for file in each.attachments))
        for each in read
    ]


async def _thread(api: SlackApi, place: Address, most: int) -> list[Mapping[str, Any]]:
    """Read the thread up to the question and keep the newest: Slack gives a thread from its beginning on.

    Its first message, which it is about, stays in front of them where there is room enough.
    """

    async def read(method: str, **asked: Any) -> Mapping[str, Any]:
        return await patiently(partial(api.read, method, **asked), budget_s=10.0)

    first: Mapping[str, Any] | None = None
    kept: deque[Mapping[str, Any]] = deque(maxlen=most)
    until = {"latest": place.question} if place.question else {}
    async for page in pages(
        read, _MOST_PAGES, thread=place.thread, channel=place.channel, limit=200, **until
    ):
        before = [each for each in page if _is_before(each, place)]
        first = first or next(iter(before), None)
        kept.extend(before)
    if first is not None and most >= _ROOM_FOR_FIRST and first is not kept[0]:
        kept[0] = first
    return list(kept)


def _is_before(message: Mapping[str, Any], place: Address) -> bool:
    ts, question = moment_of(message), moment_of({"ts": place.question})
    return ts is not None and (not place.question or (question is not None and ts < question))


def _quote(message: Mapping[str, Any], names: NameBook, team: str) -> Quote:
    bot, user = names.bot, text_of(message, "user")
    own, by_app = is_ours(message, bot), bool(message.get("bot_id"))
    author = bot.name if own else "" if by_app else names.person(user) or user
    return Quote(
        origin=text_of(message, "ts"),
        author_name=author or text_of(message, "username") or text_of(message.get("bot_profile"), "name"),
        text=words_of(message, names),
        attachments=files_of(message, team, bot),
        author=user or text_of(message, "bot_id"),
        own=own,
    )
