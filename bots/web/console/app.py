"""The console as an application: its pages behind the guard, wired from the core's ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bots.web.console.at_aivax.gateways import GatewayPages
from bots.web.console.at_aivax.knowledge import KnowledgePages
from bots.web.console.chat.desk import ChatParts
from bots.web.console.chat.pages import SAY, TryPages
from bots.web.console.chat.stream import ChatStream
from bots.web.console.chat.translate import place_of
from bots.web.console.chat.uploads import FormsWithFiles
from bots.web.console.errors import ErrorPages
from bots.web.console.live.hub import Hub
from bots.web.console.live.pages import LivePages
from bots.web.console.live.topics import Topic, overview_kind, turn_kind, waiting_kind
from bots.web.console.pages.access import AccessPages
from bots.web.console.pages.audit import AuditPage
from bots.web.console.pages.configuration import ConfigurationPages, SettingsInForce
from bots.web.console.pages.conversation import ConversationPage
from bots.web.console.pages.conversations import ConversationList
from bots.web.console.pages.overview import OverviewPage, Sources
from bots.web.console.pages.people import PeoplePage
from bots.web.console.pages.person import PersonActions, PersonPages
from bots.web.console.pages.replies import RepliesPages
from bots.web.console.pages.sign_in import SignInPages
from bots.web.console.pages.turn import TurnPages
from bots.web.console.pages.waiting import WaitingPage
from bots.web.console.providers.pages import ProviderPages
from bots.web.console.providers.sign_in import ProviderSignIn
from bots.web.console.rendering import Renderer
from bots.web.console.security.addresses import ShortAddresses
from bots.web.console.security.cookies import Cookies
from bots.web.console.security.guard import Guard
from bots.web.console.security.headers import SecurityHeaders
from bots.web.console.security.sign_in import Accounts, SignIn
from bots.web.console.security.sites import Sites
from bots.web.console.security.words import WordsRule
from bots.web.console.settings import ConsoleSettings
from bots.web.console.visit import Visit
from core.console.audit import AuditSource
from core.console.conversations import ConversationPages, Conversations
from core.console.gateways import GatewayDesk
from core.console.knowledge import KnowledgeDesk
from core.console.people import People, PersonFinder, Persons
from core.console.replies import Wording as Configured
from core.console.turns import TurnActions, Turns
from core.console.wording import Wording
from core.domain import Place
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.settings import LimitsSettings

YEAR_S = 31_536_000


@dataclass(frozen=True, slots=True)
class Ports:
    """What the pages read and act through."""

    accounts: Accounts
    overview: Sources
    turns: Turns
    actions: TurnActions
    conversations: Conversations
    conversation_pages: ConversationPages
    people: People
    finder: PersonFinder
    persons: Persons
    person_actions: PersonActions
    limits: LimitsSettings
    audit: AuditSource
    audit_days: float
    """How long an entry of the audit log is kept; 0: for good."""
    settings: SettingsInForce
    wording: Wording
    configured: Callable[[], Configured]
    """What stands in `[replies.sentences]` now."""
    now: Callable[[], datetime]
    chat: ChatParts | None
    model_of: Callable[[Place], str]
    """Which gateway is asked in a place."""
    follow_chat: ChatStream | None
    gateways: GatewayDesk | None
    knowledge: KnowledgeDesk | None
    live: Hub | None
    """None: no page updates itself."""


def console_app(
    settings: ConsoleSettings, ports: Ports, sign_in: SignIn, providers: ProviderSignIn, renderer: Renderer
) -> ASGIApp:
    """The application that stands at `/console`."""
    cookies, sites, errors = Cookies(settings), Sites(settings), ErrorPages(renderer)
    words = WordsRule(settings.words_for)
    guard = Guard(ports.accounts.sessions, cookies, sites, errors, providers.rules.session)

    async def missing(visit: Visit) -> Response:
        return errors.missing(visit)

    routes = [
        *SignInPages(sign_in, providers, cookies, sites, renderer).routes(guard),
        *ProviderPages(providers, cookies, sites, renderer, errors).routes(guard),
        *OverviewPage(ports.overview, renderer, settings.time_zone).routes(guard),
        *WaitingPage(ports.turns, renderer, ports.now).routes(guard),
        *TurnPages(ports.turns, ports.actions, renderer, errors, ports.now, words).routes(guard),
        *ConversationList(
            ports.conversations, ports.finder, ports.overview.frontends, renderer, errors, ports.now, words
        ).routes(guard),
        *ConversationPage(ports.conversation_pages, renderer, errors, words).routes(guard),
        *PeoplePage(ports.people, ports.finder, renderer, ports.now).routes(guard),
        *PersonPages(
            ports.persons, ports.person_actions, ports.limits, renderer, errors, ports.now, words
        ).routes(guard),
        *_try_pages(settings, ports, renderer, errors).routes(guard),
        *_at_aivax(ports, renderer, errors, words, guard),
        *AuditPage(ports.audit, renderer, ports.audit_days).routes(guard),
        *ConfigurationPages(ports.settings, renderer).routes(guard),
        *RepliesPages(ports.wording, ports.configured, renderer, errors).routes(guard),
        *AccessPages(sign_in, providers.rules, cookies, sites, renderer).routes(guard),
        *_files(renderer),
        *(_live(ports, ports.live, renderer).routes(guard) if ports.live is not None else ()),
        guard.page("/{path:path}", missing),
        guard.action("/{path:path}", missing, Role.VIEWER),
    ]
    app = Starlette(
        routes=routes, middleware=[Middleware(ShortAddresses), Middleware(FormsWithFiles, path=SAY)]
    )
    return SecurityHeaders(app, is_secure=settings.is_secure)


def _at_aivax(
    ports: Ports, renderer: Renderer, errors: ErrorPages, words: WordsRule, guard: Guard
) -> Iterator[Route]:
    """Where they are configured."""
    if ports.gateways is not None:
        frontends = ports.overview.frontends
        yield from GatewayPages(ports.gateways, ports.turns, frontends, renderer).routes(guard)
    if ports.knowledge is not None:
        yield from KnowledgePages(ports.knowledge, renderer, errors, words).routes(guard)


def _try_pages(settings: ConsoleSettings, ports: Ports, renderer: Renderer, errors: ErrorPages) -> TryPages:
    def model_of(user_id: int) -> str:
        return ports.model_of(place_of(user_id))

    why_not = T.CHAT_DEMO if settings.try_it else T.CHAT_OFF
    return TryPages(ports.chat, ports.follow_chat, model_of, why_not, renderer, errors)


def _live(ports: Ports, hub: Hub, renderer: Renderer) -> LivePages:
    overview, waiting = Topic(overview_kind(ports.overview)), Topic(waiting_kind(ports.turns, ports.now))
    turn = turn_kind(ports.turns)

    def of_turn(visit: Visit) -> Topic | None:
        number = int(visit.request.path_params["turn"])
        return Topic(turn, number) if number < 2**63 else None

    topics = {"overview": lambda _: overview, "waiting": lambda _: waiting, "turns/{turn:int}": of_turn}
    return LivePages(hub, topics, renderer)


def _files(renderer: Renderer) -> list[Route]:
    """The stylesheet and the chat's script, under names that change with them, so that browsers keep them; the icon."""
    kept = {"Cache-Control": f"public, max-age={YEAR_S}, immutable"}

    async def style(request: Request) -> Response:
        if request.path_params["version"] != renderer.style_version:
            return PlainTextResponse("There is no such stylesheet.", status_code=404)
        return Response(renderer.style, media_type="text/css", headers=kept)

    async def icon(_request: Request) -> Response:
        return Response(renderer.icon, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    async def script(request: Request) -> Response:
        if request.path_params["version"] != renderer.chat_script_version:
            return PlainTextResponse("There is no such script.", status_code=404)
        return Response(renderer.chat_script, media_type="text/javascript", headers=kept)

    return [
        Route("/static/console.{version}.css", style),
        Route("/static/chat.{version}.js", script),
        Route("/static/icon.svg", icon),
    ]
