"""A fake Discord and a frontend that listens to it, for the tests of the Discord frontend."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import pytest
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route
from pydantic import SecretStr

from bots.discord.frontend import DiscordFrontend, open_discord
from bots.discord.settings import DiscordSettings
from bots.discord.transport.timing import Timing
from core.domain import (
    Author,
    BotError,
    Capability,
    DatabaseUnreachable,
    Event,
    PassedOver,
    Place,
    PlatformError,
    Receipt,
    Said,
    Translator,
)
from core.i18n import Translators
from tests.listening import Missed
from tests.platforms.discord import FakeDiscord
from tests.waiting import ended, soon, waiting_for

T = TypeVar("T")
TRANSLATORS = Translators()


FAST = Timing(
    identify_gap_s=0.0,
    guild_ready_s=0.0,
    down_after_s=0.0,
    receive_retries_s=(0.0, 0.0),
    sweep_pause_s=0.0,
    drain_s=2.0,
    first_words_after_s=0.01,
    edit_interval_s=0.01,
    webhook_interval_s=0.01,
    write_window_s=0.01,
    webhook_window_s=0.01,
    webhook_minute_s=0.01,
)


@asynccontextmanager
async def discord_at_hand(**options: Any) -> AsyncIterator[FakeDiscord]:
    """Runs a fake Discord; puts the SDK's process-wide addresses back, and leaves no heartbeat behind."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        async with FakeDiscord(**options) as fake:
            yield fake
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
    hearts = [thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)]
    for heart in hearts:
        await asyncio.to_thread(heart.join, 5)
    assert not any(heart.is_alive() for heart in hearts)


class Noticeboard:
    """Wakes whoever waits for something to become true."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, predicate: Callable[[], T]) -> T:
        async with waiting_for("what the listener has heard"):
            while not (found := predicate()):
                await self._changed.wait()
            return found


class Intake(Noticeboard, Missed):
    """Keeps events; fails as often as a test says."""

    def __init__(self) -> None:
        Noticeboard.__init__(self)
        Missed.__init__(self)
        self.events: list[Event] = []
        self.passed: Counter[PassedOver] = Counter()
        self.refusing: str | None = None
        self.asked_for: list[Said] = []
        self.choices: list[str] | BotError = []
        self.failures = 0
        self.failure: Exception = DatabaseUnreachable("sqlite:///bot.sqlite3", "it is away")
        self.faulty: frozenset[str] = frozenset()
        """The texts of questions that meet a bug."""
        self.seen: set[str] = set()
        self.asked = 0
        self.held = asyncio.Event()
        self.held.set()

    def translator(self, locale: str, _place: Place) -> Translator:
        return TRANSLATORS.of(locale)

    def capabilities(self) -> Sequence[Capability]:
        return ()

    async def models(self, _author: Author, _place: Place) -> Sequence[str]:
        await self.held.wait()  # no deadline: the test lets it go
        if isinstance(self.choices, BotError):
            raise self.choices
        return self.choices

    async def refusal(self, said: Said) -> str | None:
        self.asked_for.append(said)
        return self.refusing

    def passed_over(self, _platform: str, reason: PassedOver) -> None:
        self.passed[reason] += 1
        self.changed()

    async def looked_back(self, _platform: str, workspace: str, since: datetime) -> None:
        await super().looked_back(_platform, workspace, since)
        self.changed()

    async def receive(self, event: Event) -> Receipt:
        self.asked += 1
        self.changed()
        await self.held.wait()  # no deadline: the test lets it go
        if self.failures:
            self.failures -= 1
            raise self.failure
        if getattr(event, "text", "") in self.faulty:
            raise KeyError("a bug")
        receipt = Receipt.DUPLICATE if self.seen & set(event.keys) else Receipt.ACCEPTED
        self.seen.update(event.keys)
        self.events.append(event)
        self.changed()
        return receipt

    async def texts(self, count: int) -> list[str]:
        await self.until(lambda: len(self.events) >= count)
        return [
            event.text if isinstance(event, Said) else str(getattr(event, "command", ""))
            for event in self.events
        ]

    async def first(self) -> Said:
        await self.until(lambda: self.events)
        assert isinstance(self.events[0], Said)
        return self.events[0]


class Watch(Noticeboard):
    """Keeps what the frontend tells of its connection."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str | BotError] = []

    def up(self) -> None:
        self.states.append("up")
        self.changed()

    def down(self, cause: BotError) -> None:
        self.states.append(cause)
        self.changed()


def settings(fake: FakeDiscord, **changes: object) -> DiscordSettings:
    host = fake.cdn_url.removeprefix("http://").partition("/")[0]
    usual = {"token": SecretStr(fake.token), "api_url": f"{fake.api_url}/", "cdn_hosts": (host,)}
    return DiscordSettings.model_validate(usual | changes)


class Listening:
    """A frontend that listens, with what it heard and told."""

    def __init__(self, frontend: DiscordFrontend) -> None:
        self.frontend = frontend
        self.intake = Intake()
        self.watch = Watch()
        self.task = asyncio.create_task(frontend.listen(self.intake, self.watch))

    async def up(self) -> None:
        await self.watch.until(lambda: "up" in self.watch.states or self.task.done())

    async def error(self) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            await soon("the end of listening", self.task)
        return caught.value

    async def stop(self) -> None:
        self.task.cancel()
        await ended(self.task)


@asynccontextmanager
async def listening(fake: FakeDiscord, timing: Timing = FAST, **changes: object) -> AsyncIterator[Listening]:
    async with open_discord(settings(fake, **changes), timing) as frontend:
        ears = Listening(frontend)
        try:
            yield ears
        finally:
            await ears.stop()


@asynccontextmanager
async def online(fake: FakeDiscord, timing: Timing = FAST, **changes: object) -> AsyncIterator[Listening]:
    async with listening(fake, timing, **changes) as ears:
        await ears.up()
        if ears.task.done():
            ears.task.result()
        yield ears
