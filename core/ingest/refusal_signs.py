"""Quiet signs on questions that are not taken, where the sentence that says why was said a short while ago.

Nothing depends on them: they are kept in memory only, and what there are too many of is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cachetools import TTLCache

from core.admission.passed_over import PassedCounts
from core.domain import Commanded, Edited, Frontend, Identity, PassedOver, Pressed, Said, Sign, Unreadable
from core.util.log import log

MINUTE_S = 60.0
MOST_PEOPLE = 10_000
MOST_WAITING = 20
"""Signs of one platform that wait to be put."""


class RefusalSigns:
    """Puts signs one after the other on each platform, and only so many a minute for one person."""

    def __init__(self, frontends: Mapping[str, Frontend], a_minute: int, passed: PassedCounts) -> None:
        """`a_minute`: how many one person gets. 0: none."""
        self._frontends = frontends
        self.passed = passed
        self._a_minute = a_minute
        self._lately: TTLCache[Identity, int] = TTLCache(MOST_PEOPLE, MINUTE_S)
        self._waiting = {name: asyncio.Queue[str](MOST_WAITING) for name in frontends}

    def refuse(self, event: Said | Commanded | Edited | Pressed | Unreadable, reason: PassedOver) -> None:
        """Count what is refused without a word; have a sign put on it soon if it is a question.

        None where its author or its platform has many already.
        """
        self.passed.add(event.place.platform, reason)
        if isinstance(event, Said):
            self._put(event)

    def _put(self, said: Said) -> None:
        who, waiting = said.author.identity, self._waiting.get(said.place.platform)
        put = self._lately.get(who, 0)
        if waiting is None or waiting.full() or put >= self._a_minute:
            return
        self._lately[who] = put + 1
        waiting.put_nowait(said.address)

    async def run(self) -> None:
        """Put them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, frontend in self._frontends.items():
                group.create_task(self._put_on(frontend, self._waiting[name]))

    async def _put_on(self, frontend: Frontend, waiting: asyncio.Queue[str]) -> None:
        while True:
            address = await waiting.get()
            try:
                await frontend.sign(address, Sign.NOT_TAKEN)
            except Exception:  # a sign is no reason for the bot to end
                log.exception("refusal_sign.failed", platform=frontend.platform)
