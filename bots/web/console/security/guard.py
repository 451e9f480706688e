"""The guard of each route: no page without a session, no change without a form of ours and the role for it.

Every route of the console is made here, so that none can be left unguarded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.security.cookies import Cookies
from bots.web.console.security.sign_in import Browser
from bots.web.console.security.sites import Sites
from bots.web.console.security.tokens import digest, is_form_token, new_token
from bots.web.console.visit import Visit
from bots.web.requests import TOO_LARGE
from core.console.sign_in import Sessions
from core.domain import BotError
from core.domain.console import ConsoleSession, Role
from core.util.log import log

SIGN_IN = f"{PATH}/sign-in"
MOST_FIELDS = 50
MOST_ID = 2**63
TOKEN_FIELD = "form_token"  # noqa: S105  a field's name
Endpoint = Callable[[Visit], Awaitable[Response]]
Admits = Callable[[ConsoleSession], ConsoleSession | None]


@dataclass(frozen=True, slots=True)
class Guard:
    """Makes routes."""

    sessions: Sessions
    cookies: Cookies
    sites: Sites
    errors: ErrorPages
    admits: Admits
    """Judges who is signed in by the settings of now; None: they are let in no more."""

    def page(self, path: str, endpoint: Endpoint, needs: Role = Role.VIEWER) -> Route:
        """Something to look at, for who is signed in."""
        return self._route(path, "GET", endpoint, needs)

    def action(self, path: str, endpoint: Endpoint, needs: Role, too_large: Endpoint | None = None) -> Route:
        """A form that changes something. `too_large` tells that it was too large to be read, and changes nothing."""
        return self._route(path, "POST", endpoint, needs, too_large)

    def open_page(self, path: str, endpoint: Endpoint) -> Route:
        """A page for who is not signed in: it gets a cookie that its form hangs on."""
        return self._route(path, "GET", endpoint, None)

    def open_action(self, path: str, endpoint: Endpoint) -> Route:
        """A form for who is not signed in."""
        return self._route(path, "POST", endpoint, None)

    def _route(
        self,
        path: str,
        method: str,
        endpoint: Endpoint,
        needs: Role | None,
        too_large: Endpoint | None = None,
    ) -> Route:
        async def guarded(request: Request) -> Response:
            if not self.sites.origin_of(request):
                why = "This is not the console's address. Whoever runs it: name yours in [web.console] public_url."
                return PlainTextResponse(why, status_code=421)
            visit = await self._visit(request, None)
            if not _can_exist(request):
                return self.errors.missing(visit)
            try:
                visit = await self._visit(request, await self._session(request))
                if request.scope.get(TOO_LARGE):
                    return await self._too_large(visit, too_large, needs)
                return await self._answer(visit, endpoint, needs)
            except BotError as error:
                cause = f"{type(error).__name__}: {error}"
                log.error("console.failed", cause=cause, path=path)  # noqa: TRY400  foreseen: no trace
                return self.errors.unavailable(visit)
            except Exception:
                log.exception("console.crashed", path=path)
                return self.errors.crashed(visit)

        return Route(path, guarded, methods=[method])

    async def _session(self, request: Request) -> ConsoleSession | None:
        token = self.cookies.read(request)
        session = await self.sessions.of(digest(token)) if token else None
        if session is None:
            return None
        admitted = self.admits(session)
        if admitted is None:
            await self.sessions.end_this(digest(token))
            log.warning("console.let_in_no_more", user=session.user.name)
        return admitted

    async def _visit(self, request: Request, session: ConsoleSession | None) -> Visit:
        token = self.cookies.read(request) or new_token()
        agent = request.headers.get("user-agent", "")
        address = request.client.host if request.client else ""
        form = await _fields(request) if request.method == "POST" else {}
        old_token = self.cookies.read(request)
        return Visit(request, session, token, form, Browser(address, agent, old_token))

    async def _answer(self, visit: Visit, endpoint: Endpoint, needs: Role | None) -> Response:
        if visit.request.method == "POST" and not self._is_ours(visit):
            return self.errors.forged(visit)
        if needs is None:
            response = await endpoint(visit)
            if not self.cookies.read(visit.request) and "set-cookie" not in response.headers:
                self.cookies.set(response, visit.token)
            return response
        if visit.session is None:
            return RedirectResponse(f"{SIGN_IN}?next={quote(_wanted(visit.request))}", status_code=303)
        if not visit.session.user.role.may(needs):
            return self.errors.forbidden(visit)
        return await endpoint(visit)

    async def _too_large(self, visit: Visit, told: Endpoint | None, needs: Role | None) -> Response:
        """Its form was thrown away unread, so that nobody knows whose it was: nothing is done, and a page tells it."""
        is_let_in = visit.session is not None and needs is not None and visit.session.user.role.may(needs)
        return await told(visit) if told is not None and is_let_in else self.errors.too_large(visit)

    def _is_ours(self, visit: Visit) -> bool:
        given = visit.form.get(TOKEN_FIELD, "")
        return self.sites.is_own_form(visit.request) and is_form_token(
            given, self.cookies.read(visit.request)
        )


def _can_exist(request: Request) -> bool:
    """Whether the numbers in the address could be those of rows: no database holds larger ones."""
    numbers = (each for each in request.path_params.values() if isinstance(each, int))
    return all(each < MOST_ID for each in numbers)


def _wanted(request: Request) -> str:
    """Where to go after signing in."""
    if request.method != "GET":
        return f"{PATH}/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def _fields(request: Request) -> Mapping[str, str]:
    """The fields of a form in the browsers' usual encoding; of any other there are none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return {}
    try:
        text = (await request.body()).decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:  # no text, or too many fields
        return {}
