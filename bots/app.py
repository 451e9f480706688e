"""The composition root: settings in, everything wired by constructor, opened in order, closed in reverse."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import structlog

from bots.absence import Absences
from bots.frontends import Plugin, check_platform_of
from bots.settings import Settings, WebSettings
from bots.supervisor import Board, explain, supervise
from core.admission.account import AccountWatch
from core.admission.admission import Admission
from core.admission.healing import Healing
from core.admission.limits import Limits
from core.admission.news import News
from core.admission.notices import Notices, desk_of
from core.admission.rates import Allowance
from core.admission.share import FairWorklist, Permits
from core.aivax.client import AivaxClient
from core.aivax.keys import kind_of
from core.conversations.directory import Directory
from core.conversations.history import History
from core.conversations.prompt import Composer
from core.conversations.routes import Routes
from core.errors import SettingRefused
from core.intake import StoringIntake
from core.ports import Frontend, Intake
from core.reply.phrases import Phrase
from core.reply.voices import Voices
from core.storage import bell, schema
from core.storage.engine import Database, parse_url
from core.storage.gates import GateStore
from core.storage.history import HistoryStore
from core.storage.hold import held_alone
from core.storage.housekeeping import Housekeeping
from core.storage.intake import IntakeStore
from core.storage.notices import NoticeStore
from core.storage.share import ShareStore
from core.storage.turns import TurnStore
from core.turns.announcer import Announcer
from core.turns.generation import Generation
from core.turns.local import LocalQueue
from core.turns.runner import Runner

log = structlog.get_logger(__name__)


Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


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
    healing: Healing
    notices: Notices
    news: News
    allowance: Allowance
    announcer: Announcer

    def check(self, settings: Settings) -> None:
        """Refuse, before anything listens, settings with which no question could be answered."""
        if not settings.aivax.model:
            fix = "name the gateway that answers, such as my-gateway:50c3 (AIVAX console, AI gateways)"
            raise SettingRefused("[aivax] model", fix=fix)
        self.aivax.check_settings(*self.extra_models)

    async def ask_aivax(self) -> None:
        """Say in the log, soon after the start, what would only show at the first question."""
        for finding in await self.aivax.preflight(*self.extra_models):
            log.error("aivax.problem", error=type(finding).__name__, cause=str(finding))
            await self.news.found(finding)

    async def work(self) -> None:
        """Run turns until cancelled, those too that other processes on the same database took in."""
        async with asyncio.TaskGroup() as group:
            group.create_task(bell.hear(self.database, self.platforms, self.queue.notify))
            group.create_task(self.housekeeping.run())
            group.create_task(self.healing.run())
            group.create_task(self.allowance.run())
            group.create_task(self.announcer.run())
            await self.queue.work(self.runner)


@asynccontextmanager
async def open_core(
    settings: Settings, frontends: Mapping[str, Frontend], *, now: Clock = utc_now
) -> AsyncIterator[Core]:
    """Open the database (upgraded, and held by this process alone if it is a file) and wire the core.

    Raises:
        SettingRefused: a setting that only opening could judge.
        StorageError: the database is newer, busy or out of reach.
    """
    async with AsyncExitStack() as stack:
        database = Database(settings.storage.url)
        stack.enter_context(held_alone(database.path))
        await stack.enter_async_context(database)
        await schema.upgrade(database)
        routes = Routes(
            settings.routes, model=settings.aivax.model, instructions=settings.conversation.instructions
        )
        aivax = await stack.enter_async_context(AivaxClient(settings.aivax))
        yield _wire(settings, database, aivax, routes, frontends, now)


def _wire(
    settings: Settings,
    database: Database,
    aivax: AivaxClient,
    routes: Routes,
    frontends: Mapping[str, Frontend],
    now: Clock,
) -> Core:
    voices = Voices(settings.replies, lambda place: routes.of(place).locale)
    lease_s = settings.storage.worker_lost_after_s
    owner = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    turns = TurnStore(database, now, owner, lease_s=lease_s)
    kind = kind_of(settings.aivax.api_key)
    allowance = Allowance(settings.limits.requests_per_minute, kind, aivax.balance)
    share = ShareStore(database, turns, now)
    queue = LocalQueue(
        FairWorklist(turns, share, allowance, frontends.keys(), now),
        frozenset(frontends),
        running_turns=settings.limits.running_turns,
        grace_s=settings.limits.shutdown_grace_s,
        renew_interval_s=lease_s / 4,
    )
    history = History(HistoryStore(database), settings.conversation)
    composer = Composer(history, routes, settings.conversation, settings.limits)
    gates, account = GateStore(database, now), AccountWatch(aivax, now)
    notices = Notices(
        NoticeStore(database, now),
        voices.of(""),
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
    admission = Admission(gates, account, now, news=news, stir=queue.stir)
    permits = Permits(share, allowance, now)
    generation = Generation(
        composer, aivax, admission, turns, permits, show_tools=settings.replies.show_tools
    )
    healing = Healing(
        gates,
        turns,
        admission,
        account,
        now=now,
        parked_max_age=timedelta(hours=settings.limits.parked_max_age),
        stir=queue.stir,
        news=news,
        give_up=lambda turn, locale, place: turns.give_up(
            turn, voices.for_reader(locale, place).say(Phrase.KEPT_TOO_LONG)
        ),
    )
    runner = Runner(
        database=database,
        store=turns,
        generation=generation,
        frontends=frontends,
        voices=voices,
        limits=settings.limits,
        replies=settings.replies,
        now=now,
    )
    announcer = Announcer(
        database,
        turns,
        share,
        allowance,
        frontends,
        voices,
        hold=queue.holding,
        patience_s=settings.limits.patience_s,
        now=now,
    )
    directory = Directory(settings.conversation)
    limits = Limits(settings.limits, settings.access, lambda: account.usage_24h_usd)
    intake = StoringIntake(IntakeStore(database, now), directory, queue, limits, voices)
    extra_models = tuple(sorted(models - {settings.aivax.model}))
    housekeeping = Housekeeping(database, now, settings.storage)
    return Core(
        intake=intake,
        queue=queue,
        runner=runner,
        aivax=aivax,
        database=database,
        platforms=frozenset(frontends),
        extra_models=extra_models,
        housekeeping=housekeeping,
        healing=healing,
        notices=notices,
        news=news,
        allowance=allowance,
        announcer=announcer,
    )


class Role(StrEnum):
    """What one process does: all of it, or, on PostgreSQL, one half beside others."""

    ALL = "all"
    LISTEN = "listen"
    WORK = "work"


async def run(
    settings: Settings, plugins: Mapping[str, Plugin], stop: asyncio.Event, role: Role = Role.ALL
) -> int:
    """Serve the configured frontends until `stop` is set; the exit status.

    Prints one line that begins with `ready` once each frontend is up or has failed.
    """
    if role is not Role.ALL and parse_url(settings.storage.url).get_backend_name() == "sqlite":
        fix = f"--role {role} needs PostgreSQL: a SQLite file belongs to one process"
        raise SettingRefused("[storage] url", fix=fix)
    wanted = {name: plugin for name, plugin in plugins.items() if settings.frontend(name).wanted}
    if not wanted:
        raise SettingRefused("no frontend is configured", fix=_what_to_set(plugins))
    check_platform_of(settings.operators.channel, plugins)
    async with AsyncExitStack() as stack:
        frontends: dict[str, Frontend] = {
            name: await stack.enter_async_context(plugin.open(settings.frontend(name)))
            for name, plugin in wanted.items()
        }
        core = await stack.enter_async_context(open_core(settings, frontends))
        core.check(settings)
        board = Board(list(frontends))
        if settings.web.enabled:
            await stack.enter_async_context(_open_web(settings.web, board))
        return await _serve(core, frontends, board, stop, role)


@asynccontextmanager
async def _open_web(settings: WebSettings, board: Board) -> AsyncIterator[None]:
    from bots.web.health import create_app  # a web server costs memory; only who uses it pays
    from bots.web.server import serve

    app = create_app(board, admin_token=settings.admin_token.get_secret_value())
    async with serve(app, settings.host, settings.port) as port:
        log.info("web.listening", host=settings.host, port=port)
        yield


async def _serve(
    core: Core, frontends: Mapping[str, Frontend], board: Board, stop: asyncio.Event, role: Role
) -> int:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(core.ask_aivax())
        working = group.create_task(core.work() if role is not Role.LISTEN else _wait_for_ever())
        if role is Role.WORK:
            listening = watching = group.create_task(_wait_for_ever())
            board.assume_up()
        else:
            listening = group.create_task(supervise(frontends, core.intake, board))
            watching = group.create_task(Absences(board, core.notices).run())
        settled = await _first(board.settled, stop)
        if settled and board.up:
            print(_ready_line(board), flush=True)  # noqa: T201  the contract's line on standard output
            await stop.wait()
        for task in (asking, watching, listening, working):  # listen no more; then let answers finish
            task.cancel()
            await asyncio.wait([task])
    if settled and not board.up:
        log.error("run.ended", problem="no frontend is usable", frontends=", ".join(board.failed))
        return 2
    return 0


async def _wait_for_ever() -> None:
    await asyncio.Event().wait()


async def _first(settled: asyncio.Event, stop: asyncio.Event) -> bool:
    """Wait for either; whether it was `settled`."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (settled, stop)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return settled.is_set() and not stop.is_set()


def _ready_line(board: Board) -> str:
    failed = [f"{name} ({explain(cause)})" for name, cause in board.failed.items()]
    return f"ready: {', '.join(board.up)}" + (f"; failed: {'; '.join(failed)}" if failed else "")


def _what_to_set(plugins: Mapping[str, Plugin]) -> str:
    ways = "; or ".join(plugin.to_set for plugin in plugins.values())
    return f"set {ways} in config.toml (see config.example.toml), or try `aivax-bots chat --sandbox`"
