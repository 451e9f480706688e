"""Messages in Slack: what one is made of, how it is posted, and how those of a place are read back.

What Slack shows of an answer is looked up after a call whose outcome is unknown. Slack hands a stream's text out in
another markup than it was given, so only letters and digits are compared.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from bots.slack.delivery.markup_out import safe
from bots.slack.events.address import Address
from bots.slack.events.buttons import button_blocks
from bots.slack.events.message_reader import is_ours
from bots.slack.events.mrkdwn import unescaped
from bots.slack.events.payloads import part_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import BLOCKS_REFUSED
from core.domain import Button, PlaceClosed, PlatformBusy, PlatformError
from core.util.log import log

_MOST_READ = 200
_NOT_A_LETTER = re.compile(r"[\W_]+")


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
    return await write_blocks(
        api,
        "chat.postMessage",
        content,
        once=True,
        channel=channel,
        thread_ts=thread or None,
        unfurl_links=False,
        unfurl_media=False,
        **more,
    )


async def direct_channel(api: SlackApi, user: str) -> str:
    """Open the direct messages with a person; `""` where Slack names no channel."""
    return text_of(part_of(await api.write("conversations.open", users=user), "channel"), "id")


async def pages(
    read: Callable[..., Awaitable[Mapping[str, Any]]], most: int, *, thread: str, **asked: Any
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """Read a thread oldest first, or a channel (`thread` is empty) newest first: `most` pages of it.

    `read` takes a method of the Web API and its arguments, like `SlackApi.read`, and raises what it raises.
    """
    method = "conversations.replies" if thread else "conversations.history"
    if thread:
        asked["ts"] = thread
    for _ in range(most):
        answer = await read(method, **asked)
        yield parts_of(answer, "messages")
        asked["cursor"] = text_of(part_of(answer, "response_metadata"), "next_cursor")
        if not asked["cursor"]:
            return


async def recent(api: SlackApi, place: Address) -> list[Mapping[str, Any]]:
    """Read what was written after the question where its answer goes; empty where the app may not read.

    Raises:
        PlatformBusy: not now; asking later may tell.
    """
    asked = {"channel": place.channel, "include_all_metadata": True, "limit": _MOST_READ}
    since = {"oldest": place.question} if place.question else {}
    try:
        found = pages(api.read, 1, thread=place.thread, **asked, **since)
        return [each async for page in found for each in page]
    except PlatformBusy:
        raise
    except PlatformError as exc:
        log.info("slack.history_unreadable", channel=place.channel, code=exc.code)
        return []


def nonce_of(message: Mapping[str, Any]) -> str:
    return text_of(part_of(message.get("metadata"), "event_payload"), "nonce")


def letters(text: str) -> str:
    return _NOT_A_LETTER.sub("", text)


async def message_at(api: SlackApi, place: Address, ts: str) -> str | None:
    """The letters of a message in the thread; None where it can't be read."""
    messages = await recent(api, place)
    return next((_letters_of(each) for each in messages if text_of(each, "ts") == ts), None)


async def stream_like(
    api: SlackApi, place: Address, text: str, known: Collection[str], *, exactly: bool
) -> str | None:
    """Find a stream of ours below the question that shows `text`; or, if not `exactly`, one that begins alike."""
    bot = await api.who_am_i()
    wanted = letters(text)
    streams = {
        text_of(each, "ts"): _letters_of(each)
        for each in await recent(api, place)
        if is_ours(each, bot) and not nonce_of(each)
    }
    alike = (
        ts
        for ts, seen in streams.items()
        if ts not in {place.question, *known}
        and (seen == wanted or (not exactly and _begin_alike(seen, wanted)))
    )
    return next(alike, None)


def shown_up_to(seen: str, answer: str, start: int) -> int | None:
    """Where in the answer a message that begins at `start` ends; None where it shows something else."""
    # letters and digits are all that `letters` keeps
    places = [at for at in range(start, len(answer)) if answer[at].isalnum()][: len(seen)]
    if "".join(answer[at] for at in places) != seen:
        return None
    return places[-1] + 1 if places else start


def _letters_of(message: Mapping[str, Any]) -> str:
    return letters(unescaped(text_of(message, "text")))


def _begin_alike(seen: str, wanted: str) -> bool:
    return bool(seen and wanted) and (seen.startswith(wanted) or wanted.startswith(seen))
