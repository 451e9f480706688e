"""Messages of a channel or a thread, read back from Slack page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from bots.slack.events.payloads import part_of, parts_of, text_of


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
