"""What a frontend under test reports to: an intake that keeps events, and a lamp that tells whether it listens."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from aivax_bots.testing.waiting import waiting_for
from core.domain import (
    Author,
    BotError,
    Capability,
    DatabaseUnreachable,
    Event,
    PassedOver,
    Place,
    Receipt,
    Said,
    Translator,
)
from core.i18n import Translators

TRANSLATORS = Translators()


class Missed:
    """What an intake keeps of what a frontend missed, as far as a frontend notices."""

    def __init__(self) -> None:
        self.heard: dict[str, datetime] = {}
        self.known: list[Place] = []
        self.to_look_through: dict[str, datetime] = {}
        """From when on each workspace is still to be looked through."""
        self.posted: set[str] = set()
        """The messages that are recorded as parts of answers."""

    async def heard_until(self, _platform: str) -> Mapping[str, datetime]:
        return self.heard

    async def places(self, _platform: str, _since: datetime) -> Sequence[Place]:
        return self.known

    async def look_back(self, _platform: str, since: Mapping[str, datetime]) -> Mapping[str, datetime]:
        for workspace, at in since.items():
            self.to_look_through[workspace] = min(at, self.to_look_through.get(workspace, at))
        return dict(self.to_look_through)

    async def looked_back(self, _platform: str, workspace: str, since: datetime) -> None:
        if workspace in self.to_look_through and self.to_look_through[workspace] >= since:
            del self.to_look_through[workspace]

    async def answers(self, _place: Place, message_ids: Collection[str]) -> Collection[str]:
        return self.posted.intersection(message_ids)


class Inbox(Missed):
    """An intake that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.passed: Counter[PassedOver] = Counter()
        self.refusing: str | None = None
        self.asked_for: list[Said] = []
        self.choices: list[str] = []
        self.failures = 0
        """How many of the next events can't be stored."""
        self._changed = asyncio.Event()

    def translator(self, locale: str, _place: Place) -> Translator:
        return TRANSLATORS.of(locale)

    def capabilities(self) -> Sequence[Capability]:
        return ()

    async def models(self, _author: Author, _place: Place) -> Sequence[str]:
        return self.choices

    async def refusal(self, said: Said) -> str | None:
        self.asked_for.append(said)
        return self.refusing

    def passed_over(self, _platform: str, reason: PassedOver) -> None:
        self.passed[reason] += 1

    async def receive(self, event: Event) -> Receipt:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnreachable("sqlite:///bot.sqlite3", "it is away")
        seen = any(set(event.keys) & set(known.keys) for known in self.events)
        if not seen:
            self.events.append(event)
            self._changed.set()
        return Receipt.DUPLICATE if seen else Receipt.ACCEPTED

    async def first(self, count: int = 1) -> list[Event]:
        async with waiting_for(f"{count} events"):
            while len(self.events) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.events


class Lamp:
    """Lights up when the frontend listens."""

    def __init__(self) -> None:
        self.lit = asyncio.Event()

    def up(self) -> None:
        self.lit.set()

    def down(self, cause: BotError) -> None:
        self.lit.clear()
