"""Tells, within this process, whose chat changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class ChatNews:
    """Who looks at a chat waits for its event; who brings messages to the core, for any."""

    def __init__(self) -> None:
        self.any = asyncio.Event()
        self._looking: dict[int, set[asyncio.Event]] = {}

    def tell(self, user_id: int) -> None:
        """The chat of an account changed."""
        self.any.set()
        for each in self._looking.get(user_id, ()):
            each.set()

    def tell_all(self) -> None:
        """Any chat may have changed: nothing was heard for a while."""
        self.any.set()
        for each in (event for events in self._looking.values() for event in events):
            each.set()

    def hear(self, payload: str) -> None:
        """What another process tells: the id of an account."""
        if payload.isdecimal():
            self.tell(int(payload))

    @contextmanager
    def looking(self, user_id: int) -> Iterator[asyncio.Event]:
        """An event that is set with each change of an account's chat, while the context is open."""
        event, events = asyncio.Event(), self._looking.setdefault(user_id, set())
        events.add(event)
        try:
            yield event
        finally:
            events.discard(event)
            if not events and self._looking.get(user_id) is events:
                del self._looking[user_id]
