"""The whole core on a stage: a frontend in front, the sandbox in the place of AIVAX behind, a real database beneath."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Generic, TypeVar

from aivax_bots import Event, Frontend, Receipt
from aivax_bots.testing.listening import Lamp
from aivax_bots.testing.waiting import ended, soon
from bots.app import Core, open_core
from bots.capabilities import capabilities_of
from bots.frontends import installed
from bots.settings import Settings, compose
from core.conversations.capabilities import Capabilities, CapabilityHandler
from core.domain.metrics import NO_METER, Meter
from core.domain.tracing import NO_TRACER, Tracer
from core.storage.db import Database, migrate
from core.util.clock import utc_now
from sandbox.server import PRIVATE_KEY, Sandbox, serve

F = TypeVar("F", bound=Frontend)

NEVER_TOO_LATE = dict.fromkeys(
    ("connect_timeout_s", "first_event_timeout_s", "idle_timeout_s", "answer_timeout_s"), 3_600.0
)
"""Time-outs in real time, which no busy machine reaches: one would close a breaker that a made-up clock never opens."""
ONE_PERSON_FOR_MANY = {"person_waiting": 10_000, "person_running": 10_000, "person_actions": 10_000}
"""In most tests one person does what many would; the bounds of one person have tests of their own."""

ASKS_NOTHING = b"{}"
"""By which the bot finds out, in an outage and in its own time, whether completions are back: no question."""


class Stage(Generic[F]):
    """One running process of the bot."""

    def __init__(self, core: Core, platform: F, sandbox: Sandbox, settings: Settings) -> None:
        self.core = core
        self.platform = platform
        self.sandbox = sandbox
        """The scripted gateway: `sandbox.state` has its account, its faults, and the calls that it got."""
        self.settings = settings

    async def hear(self, *events: Event) -> list[Receipt]:
        """Take events in and wait until all turns came to rest."""
        receipts = [await self.core.intake.receive(event) for event in events]
        await self.rest()
        return receipts

    async def rest(self) -> None:
        """Wait until no turn runs, and none could."""
        await soon("all turns to come to rest", self.core.pool.drained())

    async def heal(self) -> None:
        """Look at the closed breakers as the process does every second, and wait for what comes of it."""
        await self.core.admitting.prober.look()
        await self.core.pool.sweep()
        await self.rest()

    @property
    def times_asked(self) -> int:
        """How many completion calls reached AIVAX: cheap enough to be asked again and again."""
        paths = self.sandbox.state.calls.paths(without=ASKS_NOTHING)
        return sum(path.endswith("/chat/completions") for path in paths)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The bodies of the completion calls that reached AIVAX."""
        calls = self.sandbox.state.calls.described()
        return [call["body"] for call in calls if call["path"].endswith("/chat/completions") and call["body"]]


def settings_for(url: str, sandbox: Sandbox, **sections: Any) -> Settings:
    """A configuration that points at the sandbox; sections, and lists of tables, as in `config.toml`."""
    given: dict[str, Any] = {
        "storage": {"url": url},
        "aivax": {
            "base_url": f"{sandbox.base_url}/v1",
            "api_key": PRIVATE_KEY,
            "model": "sandbox:50c3",
            "tries": 1,
            **NEVER_TOO_LATE,
        },
        "limits": ONE_PERSON_FOR_MANY,
    }
    for name, section in sections.items():
        given[name] = {**given.get(name, {}), **section} if isinstance(section, Mapping) else section
    return _model().model_validate(given)


def database_in(folder: Path) -> str:
    """The address of a new SQLite database in a folder: migrated, and empty. Not for use in a running loop."""
    path = shutil.copy(Path(_migrated().name) / "bot.sqlite3", folder / "bot.sqlite3")
    return f"sqlite+aiosqlite:///{path}"


@cache
def _migrated() -> TemporaryDirectory[str]:
    """Made once in a process, to copy from; it goes with the process."""
    folder = TemporaryDirectory(prefix="aivax-bots-")

    async def upgrade() -> None:
        async with Database(f"sqlite+aiosqlite:///{folder.name}/bot.sqlite3") as database:
            await migrate.upgrade(database)

    asyncio.run(upgrade())
    return folder


@cache
def _model() -> type[Settings]:
    """Composed once: that takes a tenth of what a turn on the stage does."""
    return compose(installed())


@asynccontextmanager
async def staged(
    url: str,
    platform: F,
    *,
    sandbox: Sandbox | None = None,
    now: Callable[[], datetime] = utc_now,
    handlers: Sequence[CapabilityHandler] | None = None,
    meter: Meter = NO_METER,
    tracer: Tracer = NO_TRACER,
    **sections: Any,
) -> AsyncIterator[Stage[F]]:
    """A process of the bot over the database at `url`; leaving it is a graceful stop.

    `handlers` are capabilities in place of those that the sections switch on. Without a `sandbox` there is one of its
    own. The frontend answers, and does not listen: see `listening_to`.
    """
    if sandbox is None:
        async with (
            serve(plan="max") as own,
            staged(
                url, platform, sandbox=own, now=now, handlers=handlers, meter=meter, tracer=tracer, **sections
            ) as stage,
        ):
            yield stage
        return
    settings = settings_for(url, sandbox, **sections)
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


@asynccontextmanager
async def listening_to(frontend: Frontend, intake: Any) -> AsyncIterator[asyncio.Task[None]]:
    """Have a frontend listen; entered once it is up. Its error, where it ends early, is raised here."""
    lamp = Lamp()
    task = asyncio.create_task(frontend.listen(intake, lamp))
    lit = asyncio.create_task(lamp.lit.wait())
    try:
        await soon("the frontend to listen", asyncio.wait({task, lit}, return_when=asyncio.FIRST_COMPLETED))
        if task.done():
            await task
        yield task
    finally:
        lit.cancel()
        task.cancel()
        await ended(task, lit)
