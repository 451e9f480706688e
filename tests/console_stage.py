"""The web console on a stage: the real application over a real database, and browsers that fill in forms."""

from __future__ import annotations

import asyncio
import html
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import create_model

from bots.frontends import installed
from bots.reloading import LiveSettings
from bots.setting_rules.in_force import InForce
from bots.setting_rules.origins import Origins
from bots.settings import Settings, load
from bots.web.bounds import Bounds
from bots.web.console.chat.desk import ChatParts, chat_of
from bots.web.console.pages.person import PersonActions
from bots.web.console.providers.build import PlatformPeople
from bots.web.console.providers.settings import PlatformSignInSettings, ProviderSettings
from bots.web.console.security.sign_in import Browser, SignIn
from bots.web.console.service import Process, open_console
from bots.web.console.settings import ConsoleSettings
from core.console.wording import Wording
from core.domain.console import Role
from core.i18n import Translators
from core.i18n.settings import RepliesSettings
from core.operations.control import Control
from core.rights.people import PeopleDesk
from core.settings import LimitsSettings
from core.storage.console.wordings import WordingStore
from core.storage.db import Database
from core.storage.operations.pauses import PauseStore
from core.storage.operations.turn_changes import TurnChanges
from core.storage.rollups.counting import RollupStore
from core.storage.spending import Price
from core.storage.turns.intake import IntakeStore
from core.storage.turns.release import HeldTurnRelease
from core.util.clock import utc_now

ADDRESS = "http://127.0.0.1:8780"
SECRET = "a-token-of-the-operators"
PASSWORD = "correct horse battery"
PARTS: list[tuple[str, bool | None, str]] = [
    ("slack", True, ""),
    ("discord", False, "can't be reached: refused"),
]
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass
class Frontends:
    """`bots.web.console.pages.overview.Frontends`, as a test sets them."""

    told: list[tuple[str, bool | None, str]] = field(default_factory=lambda: list(PARTS))

    def parts(self) -> Sequence[tuple[str, bool | None, str]]:
        return self.told


@dataclass
class Purse:
    """`core.console.figures.Money`, as a test sets it."""

    balance_usd: float | None = 41.5
    usage_24h_usd: float | None = 1.25

    async def read(self) -> None:
        return None


class Page:
    """What a browser got."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.source = response.text
        self.to = response.headers.get("location", "")

    @property
    def text(self) -> str:
        """What a person reads."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.source)).split())

    @property
    def form_token(self) -> str:
        found = _TOKEN.search(self.source)
        assert found, self.source
        return found[1]


class Surfer:
    """Somebody's browser, which is at a page."""

    def __init__(self, app: Any, **headers: str) -> None:
        transport = httpx.ASGITransport(app, client=(headers.pop("address", "10.0.0.1"), 1234))
        self.client = httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)
        self.at: Page | None = None

    async def see(self, path: str, **headers: str) -> Page:
        self.at = Page(await self.client.get(f"/console{path}", headers=headers))
        return self.at

    async def send(self, path: str, headers: Mapping[str, str] | None = None, **fields: str) -> Page:
        """Fill in a form of the page that it is at, as a browser sends it."""
        assert self.at is not None
        token = {"form_token": self.at.form_token} if "form_token" not in fields else {}
        told = {"Origin": ADDRESS, **(headers or {})}
        got = Page(await self.client.post(f"/console{path}", data={**token, **fields}, headers=told))
        if "form_token" in got.source:
            self.at = got
        return got

    async def sign_in(self, name: str, password: str = PASSWORD) -> Page:
        await self.see("/sign-in")
        return await self.send("/sign-in", name=name, password=password)

    @property
    def cookie(self) -> str:
        return self.client.cookies.get("aivax-console") or ""


@dataclass
class Console:
    """The application, and the way around its pages."""

    app: Any
    database: Database
    sign_in: SignIn
    frontends: Frontends
    purse: Purse
    notified: list[int] = field(default_factory=list)
    """The conversations in which an answer is to end."""
    now: Callable[[], datetime] = utc_now
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is to end."""
    live: LiveSettings | None = None
    on_disk: list[Settings] = field(default_factory=list)
    """The last one is what a reload would read."""
    chat: ChatParts | None = None
    judge_anew: Callable[[], Awaitable[None]] | None = None

    async def count_days(self, zone: str = "") -> None:
        """Count all that has settled, as the bot does beside its answers."""
        store = RollupStore(self.database, zone)
        async with asyncio.timeout(60):
            while await store.count_on(self.now()):
                pass

    def browser(self, **headers: str) -> Surfer:
        return Surfer(mounted(self.app), **headers)

    async def user(self, name: str, role: Role) -> Surfer:
        """Somebody with that role, signed in."""
        link = await self.sign_in.make_link(role, resets=True)
        token = await self.sign_in.by_link(link, name, (PASSWORD, PASSWORD), Browser("10.0.0.9", "", ""))
        assert isinstance(token, str)
        assert len(token) == 43
        surfer = self.browser()
        surfer.client.cookies.set("aivax-console", token, domain="127.0.0.1")
        await surfer.see("/account")
        return surfer


def console_settings(platforms: Mapping[str, PlatformPeople]) -> type[ConsoleSettings]:
    """The section as `bots.settings.compose` makes it for these platforms."""
    ways: dict[str, Any] = {name: (PlatformSignInSettings, PlatformSignInSettings()) for name in platforms}
    return create_model("ConsoleSettings", __base__=ConsoleSettings, **ways)


def mounted(app: Any) -> Any:
    """The application as the server mounts it."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    return Starlette(routes=[Mount("/console", app=app)])


@asynccontextmanager
async def console_on(url: str, **choices: Any) -> AsyncIterator[Console]:
    """The console over a migrated database; `choices` as of `console_over`."""
    async with Database(url) as database, console_over(database, **choices) as console:
        yield console


@asynccontextmanager
async def console_over(
    database: Database,
    *,
    now: Callable[[], datetime] = utc_now,
    limits: LimitsSettings | None = None,
    platforms: Mapping[str, PlatformPeople] | None = None,
    people: Callable[[], ProviderSettings] | None = None,
    chats: bool = True,
    at_aivax: Callable[[Database], dict[str, Any]] = lambda _: {},
    **settings: Any,
) -> AsyncIterator[Console]:
    """The console over an open database."""
    frontends = Frontends()
    chosen = console_settings(platforms or {})(enabled=True, **settings)
    purse = Purse()
    environment = {"AIVAX_BOTS__WEB__PORT": "8780", "AIVAX_BOTS__WEB__ADMIN_TOKEN": SECRET}
    origins, on_disk = Origins(), list[Settings]()
    whole = load(installed(), path=Path(os.devnull), environment=environment, origins=origins)
    replies = RepliesSettings(sentences={"busy": "Come back later."})
    changes, own = TurnChanges(database, now), Translators()
    control = Control(PauseStore(database, now, HeldTurnRelease(database, now, most=9)), changes, own)
    live = LiveSettings(whole)
    shown = InForce(live, origins, lambda: on_disk[-1] if on_disk else whole)
    stop, said = asyncio.Event(), {}
    wording = Wording(WordingStore(database, now), said.update)
    desk, notified = PeopleDesk(IntakeStore(database, now, ()), ()), list[int]()
    acting = PersonActions(desk, notified.append, erases_remotely=True)
    chat = chat_of(chosen, Bounds(), database, 0.0, now) if chats else None
    process = Process(
        database,
        frontends,
        purse,
        control,
        acting,
        limits or LimitsSettings(),
        Price(),
        shown,
        replies.locale,
        wording,
        configured=lambda: replies.sentences,
        audit_days=365.0,
        connections=1_000,
        stop=stop,
        platforms=platforms or {},
        people=people,
        chat=chat,
        model_of=lambda _place: "house:50c3",
        **at_aivax(database),
    )
    opened = await open_console(chosen, process, now)
    try:
        yield Console(
            opened.app,
            database,
            opened.sign_in,
            frontends,
            purse,
            notified,
            now,
            stop,
            live=live,
            on_disk=on_disk,
            chat=chat,
            judge_anew=opened.judge_anew,
        )
    finally:
        stop.set()


def sqlite_copy(migrated: Path, folder: Path) -> str:
    """The address of a migrated SQLite file of a test's own."""
    return f"sqlite+aiosqlite:///{shutil.copy(migrated, folder / 'console.sqlite3')}"
