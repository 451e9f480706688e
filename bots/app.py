"""The composition root: settings in, the core wired by constructor, opened in order, closed in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from bots.capabilities import capabilities_of, upkeep_of
from bots.hooks.opening import open_hooks
from bots.setting_rules.together import checks_before_start
from bots.settings import Settings
from bots.wiring import (
    Admitting,
    Base,
    admitting_of,
    base_of,
    hearing_of,
    intake_of,
    niceties_of,
    notifier_of,
    queueing_of,
    remote_deletion_of,
    rollups_of,
    surfaces_of,
)
from core.aivax.client import AivaxClient
from core.aivax.stream.bounds import AnswerBounds
from core.aivax.transport import trusted
from core.conversations.capabilities import Capabilities
from core.domain import Frontend, Turn
from core.domain.metrics import NO_METER, Meter
from core.domain.tracing import NO_TRACER, Tracer
from core.i18n import warm
from core.ingest.service import StoringIntake
from core.settings import StorageSettings
from core.storage.db import Database, Reach, held_alone, migrate
from core.storage.dispatch.schema import prepare
from core.storage.ops.retention import Retention
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.turns.worker_pool import TurnRunner, WorkerPool
from core.util.clock import Clock
from core.util.imports import Later
from core.util.log import log

ANSWERING = Later("bots.answering", "core.aivax.completions.calls")
"""What an answer needs, and a bot that nobody asks does not."""
LEAST_SILENCE_S = 5.0
"""A process that is only slow may be silent for so long inside a transaction, however short its leases are."""


@dataclass(frozen=True, slots=True)
class Core:
    """The wired core: events go into `intake`; `work` does what they left."""

    intake: StoringIntake
    pool: WorkerPool
    open_runner: Callable[[], TurnRunner]
    """Makes what runs turns, the first time that it is asked."""
    database: Database
    admitting: Admitting
    retention: Retention
    upkeep: tuple[Callable[[], Coroutine[Any, Any, None]], ...]
    """What goes on beside the answers, each until cancelled."""

    @property
    def runner(self) -> TurnRunner:
        """What runs turns."""
        return self.open_runner()

    async def run(self, turn: Turn) -> None:
        """Run a claimed turn: see `core.turns.worker_pool.TurnRunner`."""
        await ANSWERING.imported()
        await self.runner.run(turn)

    def check(self, settings: Settings) -> None:
        """Refuse, before anything listens, settings with which no question could be answered."""
        for check in checks_before_start(settings):
            check()
        of_routes = {
            each for route in settings.routes for each in (route.model, route.fallback_model) if each
        }
        models = sorted(self.admitting.models | of_routes)
        self.admitting.aivax.account.check_settings(*models, routes=settings.routes)

    async def ask_aivax(self) -> None:
        """Say in the log, soon after the start, what would only show at the first question."""
        for finding in await self.admitting.aivax.account.preflight(*sorted(self.admitting.models)):
            log.error("aivax.problem", error=type(finding).__name__, cause=str(finding))
            await self.admitting.account_alerts.found(finding)

    async def follow(self) -> None:
        """Keep up with what other processes change, until cancelled: all that a process does that only listens."""
        await self.admitting.places.run()
        await asyncio.Event().wait()

    async def work(self) -> None:
        """Run turns until cancelled, those too that other processes on the same database took in."""
        await asyncio.gather(self.admitting.leadership.begin(), self.admitting.prober.begin())
        async with asyncio.TaskGroup() as group:
            for part in self.upkeep:
                group.create_task(part())
            await self.pool.work(self)


@asynccontextmanager
async def open_core(
    settings: Settings,
    frontends: Mapping[str, Frontend],
    *,
    now: Clock | None = None,
    capabilities_of: Callable[[Base], Capabilities] = capabilities_of,
    meter: Meter = NO_METER,
    tracer: Tracer = NO_TRACER,
) -> AsyncIterator[Core]:
    """Open the database and the core on it; `now` is the database's time unless it is given.

    Raises like `open_database` and `open_core_on`.
    """
    async with (
        open_database(settings.storage, meter) as database,
        open_core_on(
            database, settings, frontends, now=now, capabilities_of=capabilities_of, tracer=tracer
        ) as core,
    ):
        yield core


@asynccontextmanager
async def open_database(settings: StorageSettings, meter: Meter = NO_METER) -> AsyncIterator[Database]:
    """Open the database, upgraded, and held by this process alone if it is a file. The core on it counts into `meter`.

    Raises:
        SettingRefused: the address is none, or `[storage] dispatch` can't be had there.
        StorageError: the database is newer, busy or out of reach.
    """
    frozen_after_s = max(LEAST_SILENCE_S, settings.worker_lost_after_s / 2)
    reach = Reach(settings.pooler, settings.direct_url, settings.poll_interval_s, frozen_after_s)
    database = Database(settings.url, meter, reach)
    with held_alone(database.path):
        async with database:
            await migrate.upgrade(database)
            if database.server is not None and database.server.is_pooled and not settings.pooler:
                log.warning(
                    "database.pooler_found",
                    cause="[storage] url leads to a connection pooler, so work is looked for, not heard of",
                    fix="set [storage] pooler = true, and direct_url to the server's own address",
                )
            await prepare(database, settings.dispatch)
            yield database


@asynccontextmanager
async def open_core_on(
    database: Database,
    settings: Settings,
    frontends: Mapping[str, Frontend],
    *,
    now: Clock | None = None,
    capabilities_of: Callable[[Base], Capabilities] = capabilities_of,
    tracer: Tracer = NO_TRACER,
) -> AsyncIterator[Core]:
    """Wire the core on an open database; `now` is the database's time unless it is given.

    Raises `SettingRefused` for what only wiring could judge.
    """
    now = now or database.now
    await asyncio.to_thread(trusted)
    bounds = AnswerBounds(chars=settings.limits.answer_chars, file_bytes=settings.limits.answer_file_bytes)
    async with (
        AivaxClient(settings.aivax, bounds=bounds, meter=database.meter) as aivax,
        AsyncExitStack() as stack,
    ):
        base = base_of(settings, database, aivax, frontends, now, tracer)
        await base.places.read()
        capabilities = capabilities_of(base)
        queueing = queueing_of(base)
        surfaces = surfaces_of(base, queueing)
        admitting = admitting_of(base, queueing)
        base = replace(
            base, hooks=await stack.enter_async_context(open_hooks(settings.hooks, admitting.alerts))
        )
        niceties = niceties_of(base, surfaces)
        scrubber = Scrubber(database, rewrite_up_to_mb=settings.storage.rewrite_up_to_mb)
        intake = intake_of(base, queueing.pool, admitting.caps, scrubber, capabilities)
        retention = Retention(database, now, settings.storage, scrubber=scrubber)
        yield Core(
            intake=intake,
            pool=queueing.pool,
            open_runner=cache(
                partial(_runner_of, base, queueing, admitting, surfaces, capabilities, niceties)
            ),
            database=database,
            admitting=admitting,
            retention=retention,
            upkeep=(
                *hearing_of(base, queueing),
                partial(_prepare, queueing.pool),
                admitting.leadership.run,
                partial(retention.run, until_leading=admitting.leadership.until_leading),
                base.places.run,
                intake.deletion.run,
                remote_deletion_of(base, queueing.pool).run,
                niceties.run,
                scrubber.run,
                partial(admitting.prober.run, lambda: admitting.leadership.leads),
                queueing.allowance.run,
                notifier_of(base, queueing, surfaces).run,
                *([rollups_of(base, admitting.account).run] if settings.web.console.enabled else []),
                *upkeep_of(base, capabilities, queueing, admitting.alerts),
                *(partial(each, queueing.pool.notify) for each in capabilities.upkeep),
            ),
        )


def _runner_of(*parts: Any) -> TurnRunner:
    from bots.answering import runner_of  # imported by now, unless nobody waited for it

    return runner_of(*parts)


async def _prepare(pool: WorkerPool) -> None:
    """Read what answers need once the first question is there: a bot that nobody asks has 8 MiB less in memory."""
    await pool.noticed.wait()
    await ANSWERING.imported()
    await warm()
