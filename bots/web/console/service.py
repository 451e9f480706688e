"""Opens the console: its parts wired on the database, and the link for the first sign-in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.types import ASGIApp

from bots.web.console import PATH
from bots.web.console.app import Ports, console_app
from bots.web.console.chat.desk import ChatParts, ModelOf
from bots.web.console.chat.stream import ChatStream
from bots.web.console.live.hub import Bounds, Hub
from bots.web.console.live.scripts import scripts
from bots.web.console.pages.configuration import SettingsInForce
from bots.web.console.pages.overview import Frontends, Sources
from bots.web.console.pages.person import PersonActions
from bots.web.console.providers.build import PlatformPeople, exchanges_of, providers_of, rules_of
from bots.web.console.providers.settings import ProviderSettings
from bots.web.console.providers.sign_in import ProviderSignIn
from bots.web.console.rendering import Renderer
from bots.web.console.security.passwords import Passwords
from bots.web.console.security.sign_in import Accounts, SignIn
from bots.web.console.settings import ConsoleSettings
from core.console.figures import Money
from core.console.gateways import GatewayDesk
from core.console.knowledge import KnowledgeDesk
from core.console.replies import Wording as Configured
from core.console.turns import TurnActions
from core.console.wording import Wording
from core.domain.audit import Actor
from core.domain.console import Role
from core.settings import LimitsSettings
from core.storage.console.access.outside import OutsideStore
from core.storage.console.access.sessions import SessionStore, Span
from core.storage.console.access.tries import TryStore
from core.storage.console.access.users import UserStore
from core.storage.console.audit import AuditReads
from core.storage.console.conversation import ConversationPageReads
from core.storage.console.conversations import ConversationReads
from core.storage.console.days import DayReads
from core.storage.console.figures import FigureReads
from core.storage.console.people import PeopleReads
from core.storage.console.person import PersonReads
from core.storage.console.person_search import PersonSearch
from core.storage.console.turns import TurnReads
from core.storage.db import Database
from core.storage.operations.audit import AuditLog
from core.storage.spending import Price
from core.util.clock import Clock


def sign_in_of(settings: ConsoleSettings, database: Database, now: Clock | None = None) -> SignIn:
    """Wire signing in on an open database, by whose time sessions end unless another is given."""
    now = now or database.now
    span = Span(timedelta(hours=settings.session_idle_hours), timedelta(days=settings.session_days))
    accounts = Accounts(
        UserStore(database, now),
        SessionStore(database, now, span),
        TryStore(database, now),
        AuditLog(database, now),
    )
    return SignIn(accounts, Passwords(), settings, now)


@dataclass(frozen=True, slots=True)
class Process:
    """What the console shows of the process that it is a part of."""

    database: Database
    frontends: Frontends
    money: Money
    actions: TurnActions
    person_actions: PersonActions
    limits: LimitsSettings
    """As they hold, after a reload too."""
    price: Price
    settings: SettingsInForce
    locale: str
    """`[replies] locale`."""
    wording: Wording
    configured: Callable[[], Configured]
    """What stands in `[replies.sentences]` now."""
    audit_days: float
    """`[storage] retention_audit_days`."""
    connections: int
    """How many the web server takes at once: pages that update themselves get half of them at most."""
    stop: asyncio.Event
    """Set when the process is to end."""
    platforms: Mapping[str, PlatformPeople] = field(default_factory=dict)
    """The platforms that people can sign in with, where the settings switch it on."""
    chat: ChatParts | None = None
    """None: nobody chats in this console."""
    model_of: ModelOf = lambda _place: ""
    """Tells which gateway is asked in a place."""
    people: Callable[[], ProviderSettings] | None = None
    """`[web.console]` with the people and roles that hold now, after a reload too; None: none is had."""
    gateways: GatewayDesk | None = None
    knowledge: KnowledgeDesk | None = None
    """None: no collection is searched, and nothing learnt."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The console, as the process has it."""

    app: ASGIApp
    """Stands at `/console`."""
    sign_in: SignIn
    judge_anew: Callable[[], Awaitable[None]]
    """Ends the sessions of whom the settings let in no more: for after a reload."""


async def open_console(settings: ConsoleSettings, process: Process, now: Clock | None = None) -> Opened:
    """Wire the console; nobody is served yet."""
    database, price = process.database, process.price
    now = now or database.now
    sign_in = sign_in_of(settings, database, now)
    is_live = settings.live_connections > 0 and bool(scripts())
    without = {name for name in ("gateways", "knowledge") if getattr(process, name) is None}
    renderer = Renderer(process.locale, now, is_live=is_live, without=without)
    await renderer.warm()
    providers = _providers(settings, process, sign_in, now)
    chat_stream = _chat_stream(settings, process, providers, renderer) if is_live else None
    ports = Ports(
        accounts=sign_in.accounts,
        overview=Sources(
            process.frontends,
            FigureReads(database),
            DayReads(database, price, settings.time_zone),
            process.money,
            now,
        ),
        turns=TurnReads(database),
        actions=process.actions,
        conversations=ConversationReads(database),
        conversation_pages=ConversationPageReads(database),
        people=PeopleReads(database, price),
        finder=PersonSearch(database),
        persons=PersonReads(database, price, now),
        person_actions=process.person_actions,
        limits=process.limits,
        audit=AuditReads(database),
        audit_days=process.audit_days,
        settings=process.settings,
        wording=process.wording,
        configured=process.configured,
        now=now,
        chat=process.chat,
        model_of=process.model_of,
        gateways=process.gateways,
        knowledge=process.knowledge,
        follow_chat=chat_stream,
        live=_hub(settings, process, sign_in, renderer, now) if is_live else None,
    )
    app = console_app(settings, ports, sign_in, providers, renderer)

    async def judge_anew() -> None:
        await providers.judge_anew()
        if process.chat is not None:
            process.chat.news.tell_all()

    return Opened(app, sign_in, judge_anew)


def _providers(settings: ConsoleSettings, process: Process, sign_in: SignIn, now: Clock) -> ProviderSignIn:
    has_any = settings.has_providers
    found = providers_of(settings, process.platforms, process.people) if has_any else []
    users = OutsideStore(process.database, now)
    return ProviderSignIn(
        exchanges_of(found, settings, now) if found else {}, rules_of(found), sign_in, users, settings, now
    )


def _hub(settings: ConsoleSettings, process: Process, sign_in: SignIn, renderer: Renderer, now: Clock) -> Hub:
    most = min(settings.live_connections, process.connections // 2)
    bounds = Bounds(most, settings.live_per_session, settings.live_interval_s)
    return Hub(sign_in.accounts.sessions, renderer, bounds, now, process.stop)


def _chat_stream(
    settings: ConsoleSettings, process: Process, providers: ProviderSignIn, renderer: Renderer
) -> ChatStream | None:
    """Half as many may follow their chat as may follow other pages, so that neither keeps the other out."""
    if process.chat is None:
        return None
    most = max(1, min(settings.live_connections, process.connections // 4))
    sessions = providers.sign_in.accounts.sessions
    of_session, admits = settings.live_per_session, providers.rules.session
    return ChatStream(process.chat, sessions, admits, renderer, process.stop, most, of_session)


async def first_link(sign_in: SignIn, origin: str) -> str:
    """The address of a one-time link for the first owner; `""` where there is an owner, or may come from elsewhere."""
    if sign_in.settings.makes_owners or await sign_in.accounts.users.has_owner():
        return ""
    return await owners_link(sign_in, origin)


async def owners_link(sign_in: SignIn, origin: str, by: Actor | None = None) -> str:
    """The address of a one-time link for an owner, who may also set a new password for a name that is there."""
    token = await sign_in.make_link(Role.OWNER, by, resets=True)
    return f"{origin}{PATH}/link/{token}"
