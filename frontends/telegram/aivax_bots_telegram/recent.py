"""What was said lately in groups, in memory alone: Telegram lets bots read nothing up later."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cachetools import LRUCache

from aivax_bots import Quote
from aivax_bots_telegram.address import Address
from aivax_bots_telegram.events import quote_of, where

MOST_PLACES, LONGEST_TEXT = 200, 2_000
Place = tuple[int | str, int]


class Recent:
    """The last messages of each group, or topic, that this process heard; with privacy mode on they are few."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._said: LRUCache[Place, deque[Quote]] = LRUCache(MOST_PLACES)
        self._replied: LRUCache[tuple[int | str, int], Quote] = LRUCache(MOST_PLACES)
        """By the question, what it is a reply to."""

    def hear(self, update: Mapping[str, Any]) -> None:
        """Remember a message, and the one that it replies to."""
        message = update.get("message")
        if not (self._most and isinstance(message, dict) and (quote := _short(quote_of(message)))):
            return
        if not isinstance(message.get("chat"), dict) or not isinstance(message["chat"].get("id"), int):
            return
        _, address = where(message["chat"], message)
        replied = message.get("reply_to_message")
        if isinstance(replied, dict) and (to := _short(quote_of(replied, replied_to=True))):
            self._replied[address.chat, address.message] = to
        if not address.private:
            self._said.setdefault((address.chat, address.topic), deque(maxlen=self._most)).append(quote)

    def forget(self, person: str) -> None:
        """Drop what somebody said."""
        for said in self._said.values():
            kept = [each for each in said if each.author != person]
            said.clear()
            said.extend(kept)
        for question in [key for key, quote in self._replied.items() if quote.author == person]:
            del self._replied[question]

    def around(self, address: Address, most: int) -> Sequence[Quote]:
        """What was said before a question, oldest first, what it replies to among it."""
        said = self._said.get((address.chat, address.topic), ())
        before = [each for each in said if each.origin.isdigit() and int(each.origin) < address.message]
        replied = self._replied.get((address.chat, address.message))
        if replied is not None:
            others = [each for each in before if each.origin != replied.origin]
            before = sorted([*others, replied], key=lambda each: int(each.origin))
        if len(before) <= most:
            return before
        kept = before[len(before) - most :] if most else []
        if replied is not None and replied not in kept and kept:
            kept[0] = replied
        return kept


def _short(quote: Quote | None) -> Quote | None:
    return quote and replace(quote, text=quote.text[:LONGEST_TEXT])
