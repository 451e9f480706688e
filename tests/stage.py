"""The whole core on a stage: a made-up platform in front, the sandbox behind, a real database beneath."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import text

from bots.app import Core, open_core
from bots.capabilities import capabilities_of
from bots.frontends import installed
from bots.settings import Settings, compose
from core.conversations.capabilities import Capabilities, CapabilityHandler
from core.delivery.editing_surface import EditingSurface
from core.delivery.message_parts import gone_is_fine
from core.domain import (
    Blob,
    Counting,
    Delivery,
    Event,
    Frontend,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Place,
    PlatformError,
    Quote,
    Receipt,
    ReplySurface,
    Sign,
    Watch,
)
from core.domain.metrics import NO_METER, Meter
from core.domain.tracing import NO_TRACER, Tracer
from core.storage.db import Database
from core.turns.position_notifier import PositionNotifier
from core.util.clock import utc_now
from sandbox.server import Sandbox, serve
from tests.fakes import FakeChannel, FakeClock
from tests.waiting import ended, soon

INSTANTLY = 0.0
NEVER_TOO_LATE = dict.fromkeys(
    ("connect_timeout_s", "first_event_timeout_s", "idle_timeout_s", "answer_timeout_s"), 3_600.0
)
"""Time-outs in real time, which no busy machine reaches: one would close a breaker that a made-up clock never opens."""
ONE_PERSON_FOR_MANY = {"person_waiting": 10_000, "person_running": 10_000, "person_actions": 10_000}
"""In most tests one person does what many would; the bounds of one person have tests of their own."""


class FakePlatform:
    """A frontend whose places are channels in memory; `visible` is what a person there sees."""

    platform = "fake"

    def __init__(self) -> None:
        self.places: dict[str, FakeChannel] = {}
        self.around: dict[str, Sequence[Quote]] = {}
        self.channels: dict[str, Sequence[Quote]] = {}
        self.files: dict[str, Blob | PlatformError] = {}
        self.signs: list[str] = []
        self.declined: list[str] = []
        self.can_sign = True
        self.sign_fails = False
        self.takes_files = True
        self.adorned: list[tuple[str, str, tuple[str, ...]]] = []

    def place(self, name: str) -> FakeChannel:
        if name not in self.places:
            self.places[name] = FakeChannel(FakeClock(), edit_interval_s=INSTANTLY)
        return self.places[name]

    def visible(self, name: str) -> list[str]:
        return self.place(name).visible

    async def listen(self, intake: Intake, watch: Watch) -> None:
        watch.up()
        await asyncio.Event().wait()  # no deadline: until it is cancelled

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        return EditingSurface(self.place(address.partition("/")[0]), ledger)

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        (self.signs if sign is Sign.WAITS else self.declined).append(address)
        if self.sign_fails:
            raise RuntimeError("a bug")
        return self.can_sign

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return self.around.get(address.partition("/")[0], ())[-most:]

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        await told(min(most, len(self.channels.get(address.partition("/")[0], ()))))
        return self.channels.get(address.partition("/")[0], ())[-most:]

    async def link(self, address: str, origin: str = "") -> str:
        return f"https://chat.example/{address.partition('/')[0]}/{origin}"

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        found = self.files.get(ref) or PlatformError("fake", code="gone")
        if isinstance(found, PlatformError):
            raise found
        return found

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        if not self.takes_files:
            return ""
        place = self.place(address.partition("/")[0])
        if again and (found := await place.find(delivery, "")):
            return found
        return await place.post(" + ".join(map(as_shown, files)), delivery)

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        for message_id in message_ids:
            with gone_is_fine():
                await self.place(address.partition("/")[0]).delete(message_id)

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        if title or prompts:
            self.adorned.append((address.partition("/")[0], title, tuple(prompts)))

    @property
    def ids_are_global(self) -> bool:
        return True

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        name = f"D-{identity.user}"
        here = address.partition("/")[0]
        there = address if here == name else f"{name}/aside"
        return Place(self.platform, identity.workspace, name, private=True), there

    def address_of(self, channel: str) -> str:
        return channel


def as_shown(file: MadeFile) -> str:
    """A file as a person sees it in the made-up place."""
    return f"<{file.name}: {len(file.data)} bytes{f', {file.alt}' if file.alt else ''}>"


def notifier_of(core: Core) -> PositionNotifier:
    """Who tells people their place in line: the part of the upkeep that is its `run`."""
    owners = (getattr(part, "__self__", None) for part in core.upkeep)
    return next(owner for owner in owners if isinstance(owner, PositionNotifier))


class Stage:
    """One running process of the bot."""

    def __init__(self, core: Core, platform: FakePlatform, sandbox: Sandbox, settings: Settings) -> None:
        self.core = core
        self.platform = platform
        self.sandbox = sandbox
        self.settings = settings

    async def hear(self, *events: Event) -> list[Receipt]:
        """Take events in and wait until all turns came to rest."""
        receipts = [await self.core.intake.receive(event) for event in events]
        await self.rest()
        return receipts

    async def rest(self) -> None:
        await soon("all turns to come to rest", self.core.pool.drained())

    async def rows(self, query: str) -> list[Any]:
        async with Database(self.settings.storage.url) as database, database.read() as connection:
            return list((await connection.execute(text(query))).scalars())

    async def heal(self) -> None:
        """Look at the closed breakers as the process does every second, and wait for what comes of it."""
        await self.core.admitting.prober.look()
        await self.core.pool.sweep()
        await self.rest()

    async def change(self, statement: str) -> None:
        """Do to the database what only a crash could."""
        async with Database(self.settings.storage.url) as database, database.write() as connection:
            await connection.execute(text(statement))

    async def states(self) -> list[str]:
        return await self.rows("SELECT state FROM turns ORDER BY id")

    async def are(self, states: set[str]) -> bool:
        """Whether all turns are in one of these states."""
        found = set(await self.states())
        return bool(found) and found <= states

    @property
    def times_asked(self) -> int:
        """How many completion calls reached AIVAX: cheap enough to be asked again and again."""
        return sum(path.endswith("/chat/completions") for path in self.sandbox.state.calls.paths())

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the completion calls that reached AIVAX."""
        calls = self.sandbox.state.calls.described()
        return [call["body"] for call in calls if call["path"].endswith("/chat/completions")]


def settings_for(url: str, sandbox: Sandbox, **sections: Mapping[str, Any]) -> Settings:
    """A configuration that points at the sandbox; sections as in `config.toml`."""
    given: dict[str, Any] = {
        "storage": {"url": url},
        "aivax": {
            "base_url": f"{sandbox.base_url}/v1",
            "api_key": "sk-aiv-acc-sandbox",
            "model": "sandbox:50c3",
            "tries": 1,
            **NEVER_TOO_LATE,
        },
        "limits": ONE_PERSON_FOR_MANY,
    }
    for name, section in sections.items():
        given[name] = {**given.get(name, {}), **section} if isinstance(section, Mapping) else section
    return _model().model_validate(given)


@cache
def _model() -> type[Settings]:
    """Composed once: that takes a tenth of what a turn on the stage does."""
    return compose(installed())


@asynccontextmanager
async def staged(
    url: str,
    *,
    platform: FakePlatform | None = None,
    sandbox: Sandbox | None = None,
    now: Callable[[], datetime] = utc_now,
    handlers: Sequence[CapabilityHandler] | None = None,
    meter: Meter = NO_METER,
    tracer: Tracer = NO_TRACER,
    **sections: Mapping[str, Any],
) -> AsyncIterator[Stage]:
    """A process of the bot over the database at `url`; leaving it is a graceful stop.

    `handlers` are capabilities in place of those that the sections switch on.
    """
    if sandbox is None:
        async with (
            serve(plan="max") as own,
            staged(
                url,
                platform=platform,
                sandbox=own,
                now=now,
                handlers=handlers,
                meter=meter,
                tracer=tracer,
                **sections,
            ) as stage,
        ):
            yield stage
        return
    settings = settings_for(url, sandbox, **sections)
    platform = platform or FakePlatform()
    frontends: dict[str, Frontend] = {platform.platform: platform}
    built = capabilities_of if handlers is None else lambda _: Capabilities(handlers)
    async with open_core(
        settings, frontends, now=now, capabilities_of=built, meter=meter, tracer=tracer
    ) as core:
        working = asyncio.create_task(core.work())
        try:
            yield Stage(core, platform, sandbox, settings)
        finally:
            working.cancel()
            await ended(working)
