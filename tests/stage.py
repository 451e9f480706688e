"""The kit's stage with its made-up platform, and what only these tests look at: the database's rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import text

from aivax_bots.testing import stage as kit
from aivax_bots.testing.platform import INSTANTLY, FakePlatform
from aivax_bots.testing.stage import settings_for
from bots.app import Core
from core.conversations.capabilities import CapabilityHandler
from core.domain.metrics import NO_METER, Meter
from core.domain.tracing import NO_TRACER, Tracer
from core.storage.db import Database
from core.turns.position_notifier import PositionNotifier
from core.util.clock import utc_now
from sandbox.server import Sandbox

__all__ = ["INSTANTLY", "FakePlatform", "Stage", "notifier_of", "settings_for", "staged"]


def notifier_of(core: Core) -> PositionNotifier:
    """Who tells people their place in line: the part of the upkeep that is its `run`."""
    owners = (getattr(part, "__self__", None) for part in core.upkeep)
    return next(owner for owner in owners if isinstance(owner, PositionNotifier))


class Stage(kit.Stage[FakePlatform]):
    """One running process of the bot, before a made-up platform."""

    async def rows(self, query: str) -> list[Any]:
        async with Database(self.settings.storage.url) as database, database.read() as connection:
            return list((await connection.execute(text(query))).scalars())

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
    """A process of the bot over the database at `url`; leaving it is a graceful stop."""
    async with kit.staged(
        url,
        platform or FakePlatform(),
        sandbox=sandbox,
        now=now,
        handlers=handlers,
        meter=meter,
        tracer=tracer,
        **sections,
    ) as stage:
        yield Stage(stage.core, stage.platform, stage.sandbox, stage.settings)
