"""Reads back from the thread what Slack shows of an answer, after a call whose outcome is unknown.

Slack hands a stream's text out in another markup than it was given, so only letters and digits are compared.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from bots.slack.delivery.messages import is_ours, nonce_of, recent
from bots.slack.events.address import Address
from bots.slack.events.markup_in import unescaped
from bots.slack.events.payloads import text_of
from bots.slack.transport.api import SlackApi

_NOT_A_LETTER = re.compile(r"[\W_]+")


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
    for message in await recent(api, place):
        ts = text_of(message, "ts")
        if ts in known or ts == place.question or not is_ours(message, bot) or nonce_of(message):
            continue
        seen = _letters_of(message)
        if seen == wanted or (not exactly and _begin_alike(seen, wanted)):
            return ts
    return None


def shown_up_to(seen: str, answer: str, start: int) -> int | None:
    """Where in the answer a message that begins at `start` ends; None where it shows something else."""
    if not seen:
        return start
    count = 0
    for at in range(start, len(answer)):
        if not answer[at].isalnum():  # all that `letters` keeps
            continue
        if answer[at] != seen[count]:
            return None
        count += 1
        if count == len(seen):
            return at + 1
    return None


def _letters_of(message: Mapping[str, Any]) -> str:
    return letters(unescaped(text_of(message, "text")))


def _begin_alike(seen: str, wanted: str) -> bool:
    return bool(seen and wanted) and (seen.startswith(wanted) or wanted.startswith(seen))
