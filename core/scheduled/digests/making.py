"""A digest from what was said: in one call, or in pieces whose lists are put together; within its bounds."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from core.aivax.request import ChatMessage
from core.scheduled.digests import prompts
from core.scheduled.digests.citations import claims, linked, numbers_in
from core.scheduled.digests.reading import Heard, pieces
from core.scheduled.settings import DigestSettings

Ask = Callable[[str, tuple[ChatMessage, ...]], Awaitable[str]]
"""Asks a model, under a key that is the same for the same words; what it said. Raises `BoundReached`."""
Link = Callable[[int], Awaitable[str]]
"""Where people find a message, by its number; `""`: nowhere."""
MOST_LINKS = 60
"""Messages of one digest that are linked to: some platforms are asked for each."""


class BoundReached(Exception):
    """No further call may be made for this digest: says which bound."""


@dataclass(frozen=True, slots=True)
class Made:
    """A digest."""

    text: str
    """`""`: the model made no statement that stands on a message."""
    left_out: int = 0
    """How many messages did not fit."""
    cut_short: str = ""
    """The bound that ended it before all was summarised; `""`: none did."""


async def make(heard: Heard, settings: DigestSettings, language: str, ask: Ask, link: Link) -> Made:
    """Summarise what was said. Raises what `ask` raises where nothing at all was summarised."""
    count, extra = len(heard.messages), settings.instructions
    texts = pieces(heard.lines, settings.call_chars)
    cut_short = ""
    if len(texts) == 1:
        said = await _asked(ask, prompts.of_whole(texts[0], language, extra))
    else:
        lists, cut_short = await _lists_of(texts, settings, language, ask, count)
        said = await _together(lists, settings, language, ask, count)
    lines = claims(said, count)
    named = list(dict.fromkeys(number for line in lines for number in numbers_in(line, count)))[:MOST_LINKS]
    links = {number: await link(number) for number in named}
    return Made(linked(lines, links, settings.digest_chars), heard.older_left_out, cut_short)


async def _lists_of(
    texts: Sequence[str], settings: DigestSettings, language: str, ask: Ask, count: int
) -> tuple[list[str], str]:
    """A list for each piece, in their order; the newest first, so that a bound costs the oldest."""
    lists: list[str] = []
    for text in reversed(texts):
        try:
            said = await _asked(ask, prompts.of_part(text, language, settings.instructions))
        except BoundReached as bound:
            if not lists:
                raise
            return lists[::-1], str(bound)
        lists.append("\n".join(claims(said, count))[: settings.call_chars // 2])
    return lists[::-1], ""


async def _together(
    lists: Sequence[str], settings: DigestSettings, language: str, ask: Ask, count: int
) -> str:
    """One list of several, in as many rounds as they need; where a bound is reached, all lists one below the other."""
    lists = [each for each in lists if each]
    while len(lists) > 1:
        groups = pieces(lists, settings.call_chars)
        try:
            said = [
                await _asked(ask, prompts.of_lists(each, language, settings.instructions)) for each in groups
            ]
        except BoundReached:
            break
        shorter = ["\n".join(claims(each, count)) for each in said]
        if len(groups) == 1:
            return said[0]
        if sum(map(len, shorter)) >= sum(
            map(len, lists)
        ):  # a model that only repeats would never come to an end
            lists = shorter
            break
        lists = shorter
    return "\n".join(lists)


async def _asked(ask: Ask, messages: tuple[ChatMessage, ...]) -> str:
    digest = hashlib.sha256("\x00".join(text for each in messages for text in each.texts).encode())
    return await ask(digest.hexdigest()[:16], messages)
