"""The composition root: settings in, the core wired by constructor, opened in order, closed in reverse."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bots.settings import Settings
from core.admission.account import AccountWatch
from core.admission.account_alerts import News
from core.admission.admission import Admission
from core.admission.fair_worklist import FairWorklist, Permits
from core.admission.liveness import Sign
from core.admission.operator_alerts import Notices, desk_of
from core.admission.passed_over import PassedCounts
from core.admission.prober import Healing
from core.admission.quotas import Limits
from core.admission.rate_windows import Allowance
from core.aivax.client import AivaxClient
from core.aivax.keys import check_model, kind_of
from core.aivax.transport import trusted
from core.conversations.directory import Directory
from core.conversations.file_memory import Shelf
from core.conversations.history import History
from core.conversations.prompt import Composer
from core.conversations.routes import Routes
from core.domain.errors import SettingRefused
from core.domain.ports import Frontend, Intake
from core.i18n.catalog import Phrase
from core.i18n.overrides import retired
from core.i18n.translators import Translators
from core.i18n.warm_up import warm
from core.ingest.deletion import Forgetting
from core.ingest.model_choice import Models
from core.ingest.service import StoringIntake
from core.settings import StorageSettings
from core.storage.alerts import NoticeStore
from core.storage.channel_models import ModelStore
from core.storage.db import listen_notify, migrate
from core.storage.db.engine import Database
from core.storage.db.file_lock import held_alone
from core.storage.history import HistoryStore
from core.storage.ops.retention import Housekeeping
from core.storage.personal_data.sqlite_scrub import Scrubber
from core.storage.turns.breakers import GateStore
from core.storage.turns.call_store import ShareStore
from core.storage.turns.intake import IntakeStore
from core.storage.turns.release import Waking
from core.storage.turns.store import TurnStore
from core.turns.cancellation import Interruptions
from core.turns.generation import Generation
from core.turns.position_notifier import Announcer
from core.turns.runner import Runner
from core.turns.worker_pool import LocalQueue
from core.util.clock import Clock, utc_now

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Core:
    """The wired core: events go into `intake`; `work` does what they left."""

    intake: Intake
    queue: LocalQueue
    runner: Runner
    aivax: AivaxClient
    database: Database
    platforms: frozenset[str]
    extra_models: tuple[str, ...]
    housekeeping: Housekeeping
    forgetting: Forgetting
    scrubber: Scrubber
    healing: Healing
    sign: Sign
    notices: Notices
    news: News
    allowance: Allowance
    announcer: Announcer
    passed: PassedCounts

    def check(self, settings: Settings) -> None:
        """Refuse, before anything listens, settings with which no question could be answered."""
        if not settings.aivax.model:
            fix = "name the gateway that answers, such as my-gateway:50c3 (AIVAX console, AI gateways)"
            raise SettingRefused("[aivax] model", fix=fix)
        self.aivax.account.check_settings(*self.extra_models)

    async def ask_aivax(self) -> None:
        """Say in the log, soon after the start, what would only show at the first question."""
        for finding in await self.aivax.account.preflight(*self.extra_models):
            log.error("aivax.problem", error=type(finding).__name__, cause=str(finding))
            await self.news.found(finding)

    async def work(self) -> None:
        """Run turns until cancelled, those too that other processes on the same database took in."""
        await self.healing.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(listen_notify.hear(self.database, self.platforms, self.queue.notify))
            group.create_task(self.housekeeping.run())
            group.create_task(self.forgetting.run())
            group.create_task(self.scrubber.run())
            group.create_task(self.healing.run())
            group.create_task(self.allowance.run())
            group.create_task(self.announcer.run())
            await self.queue.work(self.runner)


@asynccontextmanager
async def open_core(
    settings: Settings, frontends: Mapping[str, Frontend], *, now: Clock = utc_now
) -> AsyncIterator[Core]:
    """Open the database and the core on it. Raises like `open_database` and `open_core_on`."""
    async with (
        open_database(settings.storage) as database,
        open_core_on(database, settings, frontends, now=now) as core,
    ):
        yield core


@asynccontextmanager
async def open_database(settings: StorageSettings) -> AsyncIterator[Database]:
    """Open the database, upgraded, and held by this process alone if it is a file.

    Raises:
        SettingRefused: the address is none.
        StorageError: the database is newer, busy or out of reach.
    """
    async with AsyncExitStack() as stack:
        database = Database(settings.url)
        stack.enter_context(held_alone(database.path))
        await stack.enter_async_context(database)
        await migrate.upgrade(database)
        yield database


@asynccontextmanager
async def open_core_on(
    database: Database, settings: Settings, frontends: Mapping[str, Frontend], *, now: Clock = utc_now
) -> AsyncIterator[Core]:
    """Wire the core on an open database. Raises `SettingRefused` for what only wiring could judge."""
    routes = Routes(
        settings.routes, model=settings.aivax.model, instructions=settings.conversation.instructions
    )
    await asyncio.gather(warm(), asyncio.to_thread(trusted))
    async with AivaxClient(settings.aivax, answer_chars=settings.limits.answer_chars) as aivax:
        yield _wire(settings, database, aivax, routes, frontends, now)


def _wire(
    settings: Settings,
    database: Database,
    aivax: AivaxClient,
    routes: Routes,
    frontends: Mapping[str, Frontend],
    now: Clock,
) -> Core:
    for name, instead in retired(settings.replies.sentences).items():
        fix = f"it is said no more; reword {instead}" if instead else "it is said no more: delete the line"
        log.warning("sentence.retired", setting=f"[replies.sentences] {name}", fix=fix)
    translators = Translators(
        settings.replies.locale, settings.replies.sentences, lambda place: routes.of(place).locale
    )
    lease_s = settings.storage.worker_lost_after_s
    owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    limits = settings.limits
    shelf = Shelf(limits.attachment_memory_bytes, limits.person_share)
    turns = TurnStore(
        database,
        now,
        owner,
        lease_s=lease_s,
        person_running=limits.running_of_person,
        roomless=shelf.roomless,
    )
    interruptions = Interruptions(turns)
    kind = kind_of(settings.aivax.api_key)
    allowance = Allowance(settings.limits.requests_per_minute, kind, aivax.account.balance)
    share = ShareStore(database, turns, now, person_share=limits.person_share)
    queue = LocalQueue(
        FairWorklist(turns, share, allowance, now),
        frozenset(frontends),
        running_turns=limits.running_turns,
        person_running=limits.running_of_person,
        grace_s=limits.shutdown_grace_s,
        renew_interval_s=lease_s / 4,
        look=interruptions.look,
    )
    history = History(HistoryStore(database), settings.conversation)
    composer = Composer(
        history, routes, ModelStore(database), settings.conversation, limits, shelf, queue.stir
    )
    waking = Waking(database, now, most=settings.limits.release_batch)
    gates, account = GateStore(database, now, waking), AccountWatch(aivax.account, now)
    sign = Sign(aivax.account.answers, now)
    notices = Notices(
        NoticeStore(database, now),
        translators.of(""),
        desk_of(settings.operators.channel, frontends),
        queue.notify,
    )
    models = routes.models | {settings.aivax.model}
    news = News(
        notices,
        gates,
        account,
        now,
        thresholds=settings.operators.balance_thresholds,
        balance_interval_s=settings.aivax.balance_interval_s,
        models=models,
        watching=bool(settings.operators.channel or settings.operators.balance_thresholds),
    )
    admission = Admission(
        gates,
        account,
        sign,
        now,
        news=news,
        question_tries=settings.limits.question_tries,
        opening_s=settings.limits.slow_start_interval_s,
        stir=queue.stir,
    )
    permits = Permits(share, allowance, now)
    generation = Generation(
        composer, aivax, admission, turns, permits, settings.limits, show_tools=settings.replies.show_tools
    )
    healing = Healing(
        gates,
        waking,
        turns,
        admission,
        account,
        sign,
        now=now,
        parked_max_age=timedelta(hours=settings.limits.held_hours),
        stir=queue.stir,
        news=news,
        give_up=lambda turn, locale, place: turns.give_up(
            turn, translators.for_reader(locale, place).say(Phrase.KEPT_TOO_LONG)
        ),
    )
    runner = Runner(
        database=database,
        store=turns,
        generation=generation,
        frontends=frontends,
        translators=translators,
        limits=settings.limits,
        replies=settings.replies,
        interruptions=interruptions,
        now=now,
        stir=queue.stir,
    )
    announcer = Announcer(
        database,
        turns,
        share,
        allowance,
        frontends,
        translators,
        hold=queue.holding,
        patience_s=settings.limits.silent_wait_s,
        now=now,
    )
    passed = PassedCounts()
    scrubber = Scrubber(database, rewrite_up_to_mb=settings.storage.rewrite_up_to_mb)
    intake = StoringIntake(
        IntakeStore(database, now),
        Directory(settings.conversation),
        queue,
        Limits(settings.limits, settings.access, lambda: account.usage_24h_usd),
        translators,
        Models(
            routes,
            settings.operators.names,
            lambda model: check_model(kind, model, "model"),
            lambda: _listed(aivax),
        ),
        conversation=settings.conversation,
        retention_days=settings.storage.retention_days,
        scrubber=scrubber,
        passed=passed,
    )
    extra_models = tuple(sorted(models - {settings.aivax.model}))
    housekeeping = Housekeeping(database, now, settings.storage, scrubber=scrubber)
    return Core(
        intake=intake,
        forgetting=intake.forgetting,
        scrubber=scrubber,
        queue=queue,
        runner=runner,
        aivax=aivax,
        database=database,
        platforms=frozenset(frontends),
        extra_models=extra_models,
        housekeeping=housekeeping,
        healing=healing,
        sign=sign,
        notices=notices,
        news=news,
        allowance=allowance,
        announcer=announcer,
        passed=passed,
    )


async def _listed(aivax: AivaxClient) -> list[str]:
    return [model.id for model in await aivax.account.models()]
