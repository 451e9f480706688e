"""The whole of a message of which an event tells a part: an `app_mention` comes without files.

docs.slack.dev shows none in it, and people who looked saw none (PrefectHQ/marvin#1368, ColeMurray/background-agents
#1087). The `message` event of the same words has them, but comes in any order, or is not subscribed to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bots.slack.events.payloads import part_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from core.domain import PlatformError
from core.util.log import log

_CARRIED = ("files", "attachments", "blocks")
"""What is taken over from the message."""
_TRIES, _PAUSE_S = 2, 0.3
"""A message that was only just said may not be in the history yet (ColeMurray/background-agents#1693)."""


def is_part(payload: Mapping[str, Any]) -> bool:
    """Whether an event may lack what its message has."""
    event = part_of(payload, "event")
    return text_of(event, "type") == "app_mention" and not event.get("files")


async def whole(api: SlackApi, payload: Mapping[str, Any], within_s: float) -> Mapping[str, Any]:
    """Look a mention's message up and put what it lacks into the payload, where Slack tells it in time."""
    event = part_of(payload, "event")
    try:
        async with asyncio.timeout(within_s):
            message = await _message(api, event)
    except (PlatformError, TimeoutError) as exc:
        log.info("slack.mention_not_looked_up", cause=str(exc) or type(exc).__name__)
        return payload
    carried = {name: message[name] for name in _CARRIED if message.get(name) and not event.get(name)}
    return {**payload, "event": {**event, **carried}} if carried else payload


async def _message(api: SlackApi, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read the message itself; an empty one where it is not found."""
    channel, ts, thread = (text_of(event, name) for name in ("channel", "ts", "thread_ts"))
    for attempt in range(_TRIES):
        if attempt:
            await api.app.sleep(_PAUSE_S)
        if thread and thread != ts:
            # a thread is told from its beginning on, with its root before all: hence `oldest`, and room for the root
            asked = {"ts": thread, "oldest": ts, "limit": 3}
            answer = await api.read("conversations.replies", channel=channel, inclusive=True, **asked)
        else:
            answer = await api.read(
                "conversations.history", channel=channel, inclusive=True, latest=ts, limit=1
            )
        for message in parts_of(answer, "messages"):
            if text_of(message, "ts") == ts and text_of(message, "user") == text_of(event, "user"):
                return message
    return {}
