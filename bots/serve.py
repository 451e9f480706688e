"""Serving: the configured frontends, what they are reached by over HTTP, and the core's work, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from bots import LOST, PROBLEM
from bots.app import Core, open_core_on, open_database
from bots.frontends import Host, Mounts, Plugin
from bots.monitoring.build import Monitoring, monitoring_of, traces_of
from bots.monitoring.vitals import Deafness, Vitals
from bots.reloading import LiveSettings, Reloader
from bots.setting_rules.in_force import InForce
from bots.setting_rules.origins import Origins
from bots.setting_rules.together import check_frontends
from bots.settings import Settings, WebSettings
from bots.supervisor import Absences, Board, explain, supervise
from bots.web.console.settings import check_console
from bots.wiring import cluster_of, control_of, desk_of
from core.admission.operator_alerts import OperatorAlerts
from core.admission.spending.caps import price_of
from core.console.wording import Wording
from core.domain import Frontend, SettingRefused
from core.i18n import Translators
from core.loop_watchdog import watched
from core.rights.possible import why_not
from core.storage.console.wordings import WordingStore
from core.storage.db import Database, parse_url
from core.util import garbage
from core.util.log import log
from core.util.tasks import TaskSet, first_done

if TYPE_CHECKING:
    from bots.web.console.chat.desk import ChatParts
    from bots.web.console.security.sign_in import SignIn
    from bots.web.console.service import Opened
    from core.operations.cluster import Cluster


class Role(StrEnum):
    """What one process does: all of it, or, on PostgreSQL, one half beside others."""

    ALL = "all"
    LISTEN = "listen"
    WORK = "work"


async def run(
    settings: Settings,
    plugins: Mapping[str, Plugin],
    stop: asyncio.Event,
    role: Role = Role.ALL,
    *,
    read: Callable[[], Settings] | None = None,
    origins: Origins | None = None,
) -> int:
    """Serve the configured frontends until `stop` is set; the exit status.

    Prints one line that begins with `ready` once one frontend is up and each other one is, too, or has failed. While
    none can be reached it goes on trying; it ends with `PROBLEM` where every one is refused. `read` gives the
    configuration anew at each SIGHUP; without it, that signal does what it always does. `origins`
    tell the console where each setting comes from.
    """
    if role is not Role.ALL and parse_url(settings.storage.url).get_backend_name() == "sqlite":
        fix = f"--role {role} needs PostgreSQL: a SQLite file belongs to one process"
        raise SettingRefused("[storage] url", fix=fix)
    check_frontends(settings, plugins)
    live = LiveSettings(settings)
    settings = live.settings
    wanted = {name: plugin for name, plugin in plugins.items() if settings.frontend(name).wanted}
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(traces_of(settings.otel))
        monitoring = monitoring_of(settings.web, list(wanted))
        await stack.enter_async_context(watched(settings.log.stalled_after_s, monitoring.pulse))
        database = await stack.enter_async_context(open_database(settings.storage, monitoring.pulse))
        wording = await _wording(settings, database, live)
        mounts, translators = Mounts(), Translators(following=settings.replies)
        cluster = await stack.enter_async_context(_cluster(settings, database, role))
        host = Host(database, mounts, translators, settings.replies.first_words_after_s, cluster)
        frontends: dict[str, Frontend] = {
            name: await stack.enter_async_context(plugin.open(settings.frontend(name), host))
            for name, plugin in wanted.items()
        }
        chat = _chat(settings, database)
        answering = frontends | ({} if chat is None else {chat.frontend.platform: chat.frontend})
        core = await stack.enter_async_context(open_core_on(database, settings, answering, tracer=tracer))
        core.check(settings)
        board = Board(list(frontends), problem=lambda: database.problem)
        vitals = await monitoring.vitals(board, database, cluster, hears=role is not Role.WORK)
        if settings.tools.enabled and role is not Role.WORK:
            await stack.enter_async_context(_open_tools(settings, database, board, mounts))
        opened = None
        if settings.web.console.enabled and role is not Role.WORK:
            shown = InForce(live, origins or Origins(), read, core.check)
            opened = await _open_console(
                settings, shown, core, board, mounts, answering, stop, live, wording, plugins, chat
            )
        if settings.web.enabled or (mounts.apps and role is not Role.WORK):
            pages = _pages(settings, monitoring, vitals, core, role)
            port = await stack.enter_async_context(_open_web(settings.web, pages, mounts))
            if opened is not None:
                await _print_first_link(settings.web, opened.sign_in, port)
        then, alerts = opened.judge_anew if opened is not None else None, core.admitting.alerts
        reloader = Reloader(live, read, core.check, alerts, then) if read is not None else None
        beside = _beside(settings, core, wording, chat if role is not Role.WORK else None)
        return await _serve(core, frontends, vitals, stop, role, reloader, beside)


async def _wording(settings: Settings, database: Database, live: LiveSettings) -> Wording:
    """The sentences that operators changed in the console, in force where there is one."""
    wording = Wording(WordingStore(database, database.now), live.say)
    if settings.web.console.enabled:
        await wording.read()
    return wording


@asynccontextmanager
async def _cluster(settings: Settings, database: Database, role: Role) -> AsyncIterator[Cluster | None]:
    """What is shared with other processes; one that answers is counted by the others until its last answer is out."""
    cluster = cluster_of(settings.storage, database)
    if cluster is None or role is Role.LISTEN:
        yield cluster
        return
    async with aclosing(TaskSet()) as tasks:
        tasks.start(cluster.run())
        yield cluster


@asynccontextmanager
async def _open_tools(
    settings: Settings, database: Database, board: Board, mounts: Mounts
) -> AsyncIterator[None]:
    """Load the operator's tools, and have them served beside what the frontends mounted."""
    from bots.tools.service import PATH, open_tools  # MCP's library costs memory; only who uses it pays

    async with open_tools(settings.tools, database, body_bytes=settings.web.body_bytes) as (app, catalogue):
        mounts.mount(PATH, app)
        board.add_part("tools", lambda: catalogue.problem)
        yield


async def _open_console(
    settings: Settings,
    shown: InForce,
    core: Core,
    board: Board,
    mounts: Mounts,
    frontends: Mapping[str, Frontend],
    stop: asyncio.Event,
    live: LiveSettings,
    wording: Wording,
    plugins: Mapping[str, Plugin],
    chat: ChatParts | None,
) -> Opened:
    """Have the web console served beside what the frontends mounted."""
    check_console(settings.web.console, settings.web.host)
    from bots.web.console import PATH  # templates and password hashing cost memory; only who uses them pays
    from bots.web.console.at_aivax.desks import gateways_of, knowledge_of
    from bots.web.console.pages.person import PersonActions
    from bots.web.console.providers.build import people_of
    from bots.web.console.service import Process, open_console

    process = Process(
        database=core.database,
        frontends=board,
        money=core.admitting.account,
        actions=control_of(settings, core.database, core.database.now, core.pool, core.admitting.places),
        person_actions=PersonActions(
            desk_of(core.database, core.database.now, frontends),
            core.pool.notify,
            erases_remotely=why_not(settings.aivax) is None,
        ),
        limits=settings.limits,
        price=price_of(settings.limits),
        settings=shown,
        locale=settings.replies.locale,
        wording=wording,
        configured=lambda: live.in_force.replies.sentences,
        audit_days=settings.storage.retention_audit_days,
        connections=settings.web.affordable,
        stop=stop,
        platforms=people_of(live.operators, plugins),
        people=live.console,
        chat=chat,
        model_of=lambda place: core.admitting.routes.of(place).model,
        gateways=gateways_of(settings.aivax, settings.routes, core.database, core.admitting.aivax.account),
        knowledge=knowledge_of(settings.knowledge, core.database),
    )
    opened = await open_console(settings.web.console, process)
    mounts.mount(PATH, opened.app)
    return opened


def _chat(settings: Settings, database: Database) -> ChatParts | None:
    """The chat of the web console; None where nobody chats there."""
    console = settings.web.console
    if not (console.enabled and console.try_it):
        return None
    from bots.web.console.chat.desk import chat_of

    return chat_of(console, settings.web, database, settings.replies.first_words_after_s)


def _beside(
    settings: Settings, core: Core, wording: Wording, talking: ChatParts | None
) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
    """What the console has done as long as the process runs."""
    following = [wording.run] if settings.web.console.enabled else []
    return [*following, *([partial(_listen_to_console, talking, core)] if talking is not None else [])]


async def _listen_to_console(chat: ChatParts, core: Core) -> None:
    """Take in what is said in the console. It is on no board: where its database is away, everything is."""
    name = chat.frontend.platform
    await supervise({name: chat.frontend}, core.intake, Board([name]))


async def _print_first_link(settings: WebSettings, sign_in: SignIn, port: int) -> None:
    """Say how the first owner gets in: on standard output, since the log is kept, and this is a secret."""
    from bots.web.console.service import first_link
    from bots.web.console.settings import origin_of

    if link := await first_link(sign_in, origin_of(settings.console, settings.host, port)):
        lasts = f"for {settings.console.link_minutes:g} minutes, once"
        print(f"console: set the owner's password at {link} ({lasts})", flush=True)  # noqa: T201


@asynccontextmanager
async def _open_web(settings: WebSettings, pages: Sequence[Any], mounts: Mounts) -> AsyncIterator[int]:
    """Serve pages, and what the frontends mounted, on one address; yields the port."""
    from bots.web.server import serve  # a web server costs memory; only who uses it pays

    async with serve(pages, mounts.apps, settings.host, settings.port, settings) as port:
        log.info("web.listening", host=settings.host, port=port)
        yield port


def _pages(
    settings: Settings, monitoring: Monitoring, vitals: Vitals, core: Core, role: Role
) -> Sequence[Any]:
    """The routes of health, metrics and control; none unless they are wanted."""
    if not settings.web.enabled:
        return []
    from bots.web.control import control_routes

    token, account = settings.web.admin_token.get_secret_value(), core.admitting.account
    control = control_of(settings, core.database, core.database.now, core.pool, core.admitting.places)
    pages = [*monitoring.pages(vitals, account, core.database, role.value, control.paused)]
    if token:
        pages += control_routes(control, account, vitals.board, admin_token=token)
    return pages


async def _serve(
    core: Core,
    frontends: Mapping[str, Frontend],
    vitals: Vitals,
    stop: asyncio.Event,
    role: Role,
    reloader: Reloader | None,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]],
) -> int:
    board, alerts = vitals.board, core.admitting.alerts
    garbage.started()  # a platform may be away for hours: what is dropped meanwhile is collected
    async with asyncio.TaskGroup() as group:
        reloading = group.create_task(reloader.run() if reloader is not None else _wait_for_ever())
        others = [group.create_task(each()) for each in beside]
        asking = group.create_task(core.ask_aivax())
        counting = group.create_task(core.intake.tell())
        working = group.create_task(core.work() if role is not Role.LISTEN else core.follow())
        if role is Role.WORK:
            listening = watching = group.create_task(_wait_for_ever())
            board.assume_up()
        else:
            listening = group.create_task(supervise(frontends, core.intake, board))
            watching = group.create_task(_watch(vitals, alerts))
        await first_done(board.settled.wait(), stop.wait())
        settled = board.settled.is_set() and not stop.is_set()
        hopeless = settled and board.hopeless
        if settled and not hopeless:
            print(_ready_line(board), flush=True)  # noqa: T201  the contract's line on standard output
            garbage.started()  # and what the connections made
            await stop.wait()
        # listen no more; then let answers finish
        for task in (reloading, *others, asking, watching, listening, working, counting):
            task.cancel()
            await asyncio.wait([task])
    if (lost := board.problem) is not None:
        log.error("run.ended", problem=explain(lost))
        return LOST
    if hopeless:
        log.error("run.ended", problem="no frontend is usable", frontends=", ".join(board.failed))
        return PROBLEM
    return 0


async def _watch(vitals: Vitals, alerts: OperatorAlerts) -> None:
    """Tell operators of frontends that are lost, and of those that are connected but deaf."""
    async with asyncio.TaskGroup() as group:
        group.create_task(Absences(vitals.board, alerts).run())
        if vitals.deaf_after_s:
            group.create_task(Deafness(vitals, alerts).run())


async def _wait_for_ever() -> None:
    await asyncio.Event().wait()


def _ready_line(board: Board) -> str:
    failed = [f"{name} ({explain(cause)})" for name, cause in board.failed.items()]
    return f"ready: {', '.join(board.up)}" + (f"; failed: {'; '.join(failed)}" if failed else "")
