"""Messages in Slack: what one is made of, how it is posted, and how those of a place are read back.

What Slack shows of an answer is looked up after a call whose outcome is unknown. Slack hands a stream's text out in
another markup than it was given, so only letters and digits are compared.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from bots.slack.delivery.markup_out import Sanitizer, safe
from bots.slack.delivery.plain_text import plain_text
from bots.slack.events.address import Address
from bots.slack.events.buttons import button_blocks
from bots.slack.events.message_reader import is_ours
from bots.slack.events.mrkdwn import unescaped
from bots.slack.events.payloads import part_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.error_mapping import OF_THE_STATE
from core.domain import Button, MessageRefused, PlatformBusy, PlatformError
from core.util.log import log

_MOST_READ = 200
_NOT_A_LETTER = re.compile(r"[\W_]+")
_LINK = re.compile(r"<[^<>|]+\|([^<>]*)>|<([^<>|]+)>|\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
"""A link in either markup, of which a reader sees the words."""


def message_content(text: str, buttons: Sequence[Button] = (), calls: str = "") -> dict[str, Any]:
    """A message's content in both forms that Slack wants: blocks, and plain words for who does not see them.

    `calls`: the id of whom it notifies; a block of Markdown notifies nobody.
    """
    harmless = safe(text)
    blocks = [{"type": "markdown", "text": harmless}, *button_blocks(buttons)]
    words = plain_text(harmless) or harmless
    if not calls.isalnum():
        return {"text": words, "blocks": blocks}
    mention = {"type": "section", "text": {"type": "mrkdwn", "text": f"<@{calls}>"}}
    return {"text": f"<@{calls}> {words}", "blocks": [mention, *blocks]}


def bare(content: Mapping[str, Any]) -> dict[str, Any]:
    """The words of a message alone, for a Slack that does not take its look."""
    shown = "\n\n".join(text_of(block, "text") for block in content["blocks"] if block["type"] == "markdown")
    return {"text": plain_text(shown, fences=True) or content["text"], "blocks": []}


async def write_blocks(
    api: SlackApi, method: str, content: Mapping[str, Any], **arguments: Any
) -> dict[str, Any]:
    """Write a message, or its bare words where Slack does not take it.

    Raises:
        MessageRefused: it takes the words neither, or not now.
    """
    try:
        return await api.write(method, **arguments, **content)
    except MessageRefused as exc:
        if exc.code in OF_THE_STATE or not content.get("blocks"):
            raise
        log.warning("slack.blocks_refused", code=exc.code)
        return await api.write(method, **arguments, **bare(content))


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


def letters(wire: str) -> str:
    """The letters and digits that a reader sees of a text, in Markdown as we send it or in Slack's markup."""
    words = _LINK.sub(lambda link: link[1] or link[2] or link[3] or "", wire)
    return _NOT_A_LETTER.sub("", unescaped(words))


async def message_at(api: SlackApi, place: Address, ts: str) -> str | None:
    """The letters of a message in the thread; None where it can't be read."""
    messages = await recent(api, place)
    return next((letters(text_of(each, "text")) for each in messages if text_of(each, "ts") == ts), None)


async def stream_like(
    api: SlackApi, place: Address, text: str, known: Collection[str], *, exactly: bool
) -> str | None:
    """Find a stream of ours below the question that shows `text`; or, if not `exactly`, one that begins alike."""
    bot = await api.who_am_i()
    wanted = letters(text)
    streams = {
        text_of(each, "ts"): letters(text_of(each, "text"))
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
    end = begun = start
    for to, shown in Sanitizer().steps(answer[start:]):
        if not seen:
            break
        part = letters(shown)
        if not part.startswith(seen[: len(part)]):
            return None
        raw, begun = answer[begun : start + to], start + to
        places = [at for at, character in enumerate(raw, begun - len(raw)) if character.isalnum()]
        if len(places) == len(part):
            end = places[min(len(part), len(seen)) - 1] + 1 if part else end
        elif len(part) <= len(seen):  # what was read as something else was shown as a whole
            end = begun
        seen = seen[len(part) :]
    return None if seen else end


def _begin_alike(seen: str, wanted: str) -> bool:
    return bool(seen and wanted) and (seen.startswith(wanted) or wanted.startswith(seen))
