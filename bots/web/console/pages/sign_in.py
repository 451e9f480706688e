"""Signing in by a password or a one-time link, and signing out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.providers.pages import hand_over
from bots.web.console.providers.sign_in import ProviderSignIn
from bots.web.console.rendering import Renderer
from bots.web.console.security.cookies import Cookies
from bots.web.console.security.guard import SIGN_IN, Guard
from bots.web.console.security.sign_in import SignIn, Wait, Wrong
from bots.web.console.security.sites import Sites, within
from bots.web.console.security.tokens import digest, is_token
from bots.web.console.visit import Visit
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T

SENTENCES = {
    Wrong.CREDENTIALS: T.WRONG_CREDENTIALS,
    Wrong.LINK: T.WRONG_LINK,
    Wrong.NAME: T.WRONG_NAME,
    Wrong.TAKEN: T.WRONG_TAKEN,
    Wrong.SHORT: T.WRONG_SHORT,
    Wrong.TWICE: T.WRONG_TWICE,
}


def told(refusal: Wrong | Wait, renderer: Renderer, visit: Visit, password_chars: int) -> str:
    """What somebody reads who was not let in, or whose new password was not taken."""
    speaks = renderer.speaks(visit)
    if isinstance(refusal, Wait):
        return speaks.say(T.WRONG_TOO_OFTEN, wait=speaks.duration(math.ceil(refusal.seconds)))
    values = {"least": password_chars} if refusal is Wrong.SHORT else {}
    return speaks.say(SENTENCES[refusal], **values)


def status_of(refusal: Wrong | Wait) -> int:
    if isinstance(refusal, Wait):
        return 429
    return 401 if refusal is Wrong.CREDENTIALS else 422


class SignInPages:
    """The pages before there is a session, and the way out of one."""

    def __init__(
        self, sign_in: SignIn, providers: ProviderSignIn, cookies: Cookies, sites: Sites, renderer: Renderer
    ) -> None:
        self._sign_in = sign_in
        self._providers = providers
        self._cookies = cookies
        self._sites = sites
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.open_page("/sign-in", self.ask),
            guard.open_action("/sign-in", self.enter),
            guard.open_page("/link/{link}", self.ask_by_link),
            guard.open_action("/link/{link}", self.enter_by_link),
            guard.action("/sign-out", self.leave, Role.VIEWER),
        ]

    async def ask(self, visit: Visit) -> Response:
        if visit.session is not None:
            return RedirectResponse(within(visit.query.get("next", "")), status_code=303)
        return self._ask(visit, visit.query.get("next", ""))

    async def enter(self, visit: Visit) -> Response:
        name, password = visit.form.get("name", ""), visit.form.get("password", "")
        wanted = visit.form.get("next", "")
        came_of_it = await self._sign_in.by_password(name, password, visit.browser)
        if isinstance(came_of_it, Wrong | Wait):
            return self._ask(visit, wanted, name=name, refusal=came_of_it)
        return self._in(came_of_it, within(wanted))

    async def ask_by_link(self, visit: Visit) -> Response:
        return await self._ask_by_link(visit)

    async def enter_by_link(self, visit: Visit) -> Response:
        name, passwords = visit.form.get("name", ""), _twice(visit)
        came_of_it = await self._sign_in.by_link(_link(visit), name, passwords, visit.browser)
        if isinstance(came_of_it, Wrong):
            return await self._ask_by_link(visit, name=name, refusal=came_of_it)
        return self._in(came_of_it, f"{PATH}/")

    async def leave(self, visit: Visit) -> Response:
        await self._sign_in.accounts.sessions.end_this(digest(visit.token))
        back = f"{self._sites.address_of(visit.request)}{SIGN_IN}"
        response: Response = RedirectResponse(SIGN_IN, status_code=303)
        address, label = await self._providers.way_out(visit.user, back)
        if address:
            response = hand_over(self._renderer, visit, address, T.PROVIDER_LEAVING, label)
        self._cookies.clear(response)
        return response

    def _ask(
        self, visit: Visit, wanted: str, *, name: str = "", refusal: Wrong | Wait | None = None
    ) -> Response:
        problem = self._told(refusal, visit)
        status = status_of(refusal) if refusal else 200
        providers = [each.provider for each in self._providers.exchanges.values()]
        return self._renderer.page(
            "sign_in.html",
            visit,
            status=status,
            wanted=within(wanted),
            name=name,
            problem=problem,
            providers=providers,
        )

    async def _ask_by_link(self, visit: Visit, *, name: str = "", refusal: Wrong | None = None) -> Response:
        token = _link(visit)
        link = await self._sign_in.link(token) if is_token(token) else None
        refusal = refusal if link is not None else Wrong.LINK
        problem, status = self._told(refusal, visit), status_of(refusal) if refusal else 200
        chars = self._sign_in.settings.password_chars
        return self._renderer.page(
            "link.html", visit, status=status, link=link, token=token, name=name, problem=problem, chars=chars
        )

    def _told(self, refusal: Wrong | Wait | None, visit: Visit) -> str:
        chars = self._sign_in.settings.password_chars
        return told(refusal, self._renderer, visit, chars) if refusal else ""

    def _in(self, token: str, to: str) -> Response:
        response = RedirectResponse(to, status_code=303)
        self._cookies.set(response, token)
        return response


def _link(visit: Visit) -> str:
    return str(visit.request.path_params["link"])


def _twice(visit: Visit) -> tuple[str, str]:
    return visit.form.get("password", ""), visit.form.get("again", "")
