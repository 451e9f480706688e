"""Turns templates into pages: everything that is filled in is escaped, in the language that the browser asks for."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from bots.web.console import PATH
from bots.web.console.live.scripts import CONFIGURATION, scripts
from bots.web.console.visit import Visit
from core.domain.console import Role
from core.i18n import LANGUAGES
from core.i18n.console import ConsoleTranslator, console_translator
from core.i18n.console_text import ConsoleText

HERE = Path(__file__).parent
STATIC = HERE / "static"
FORMS = (*LANGUAGES, "es-MX")
"""Locales that between them have each form of a language that there is."""
NAVIGATION = (
    ("", ConsoleText.OVERVIEW, Role.VIEWER),
    ("waiting", ConsoleText.WAITING, Role.VIEWER),
    ("turns", ConsoleText.TURNS, Role.VIEWER),
    ("conversations", ConsoleText.CONVERSATIONS, Role.VIEWER),
    ("people", ConsoleText.PEOPLE, Role.VIEWER),
    ("try", ConsoleText.TRY_IT, Role.VIEWER),
    ("gateways", ConsoleText.GATEWAYS, Role.VIEWER),
    ("knowledge", ConsoleText.KNOWLEDGE, Role.VIEWER),
    ("replies", ConsoleText.REPLIES, Role.VIEWER),
    ("settings", ConsoleText.SETTINGS, Role.VIEWER),
    ("audit", ConsoleText.AUDIT, Role.OPERATOR),
    ("access", ConsoleText.ACCESS, Role.OWNER),
)
"""The pages of the menu: path, name, and from which role on."""


@cache
def _environment() -> Environment:
    """The templates, compiled once a process: they come with the program, and nothing changes them."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(T=ConsoleText, Role=Role, base=PATH)
    return environment


class Renderer:
    """Renders pages."""

    def __init__(
        self,
        locale: str,
        now: Callable[[], datetime],
        *,
        is_live: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """`locale` is spoken where a browser asks for no language of ours. `is_live`: pages load scripts. `without`:
        pages that there are not here."""
        self._pages = [each for each in NAVIGATION if each[0] not in without]
        self._locale = locale
        self._now = now
        self.style = (STATIC / "console.css").read_bytes()
        self.chat_script = (STATIC / "chat.js").read_bytes()
        self.icon = (STATIC / "icon.svg").read_bytes()
        self.style_version = hashlib.sha256(self.style).hexdigest()[:12]
        self.chat_script_version = hashlib.sha256(self.chat_script).hexdigest()[:12]
        self._scripts = [f"{PATH}/static/{each.address}" for each in scripts()] if is_live else []
        self._style_address = f"{PATH}/static/console.{self.style_version}.css"

    async def warm(self) -> None:
        """Compile all templates and read all languages in a thread: the loop is not to wait for either."""
        await asyncio.to_thread(self._compile)

    def _compile(self) -> None:
        for name in _environment().list_templates():
            _environment().get_template(name)
        for tag in FORMS:
            self.translator(tag).warm(self._now())

    def translator(self, accepted: str) -> ConsoleTranslator:
        return console_translator(accepted, self._locale)

    def speaks(self, visit: Visit) -> ConsoleTranslator:
        """The translator for who reads the page."""
        return self.translator(visit.request.headers.get("accept-language", ""))

    async def large_page(self, template: str, visit: Visit, **values: Any) -> Response:
        """A page of many rows, rendered in a thread: the loop does not wait for it."""
        return await asyncio.to_thread(partial(self.page, template, visit, **values))

    def page(self, template: str, visit: Visit, *, status: int = 200, **values: Any) -> Response:
        """A whole page."""
        translator = self.speaks(visit)
        values.update(
            t=translator.say,
            say=translator,
            now=self._now(),
            style=self._style_address,
            visit=visit,
            path=visit.request.url.path.removeprefix(PATH).strip("/"),
            scripts=self._scripts,
            script_configuration=CONFIGURATION,
            chat_script=f"{PATH}/static/chat.{self.chat_script_version}.js",
            navigation=[each for each in self._pages if visit.role and visit.role.may(each[2])],
        )
        return HTMLResponse(_environment().get_template(template).render(values), status_code=status)

    def part(self, template: str, speaks: ConsoleTranslator, **values: Any) -> str:
        """A part of a page, the same for all who read that language."""
        values.update(t=speaks.say, say=speaks, now=self._now())
        return _environment().get_template(template).render(values)
