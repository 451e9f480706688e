"""Who may sign in, for owners; and everybody's own password and sessions."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.pages.sign_in import status_of, told
from bots.web.console.providers.rules import Rules
from bots.web.console.rendering import Renderer
from bots.web.console.security.cookies import Cookies
from bots.web.console.security.guard import Guard
from bots.web.console.security.sign_in import SignIn, Wait, Wrong
from bots.web.console.security.sites import Sites
from bots.web.console.visit import Visit
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.util.log import log

ACCESS, OWN = f"{PATH}/access", f"{PATH}/account"


class AccessPages:
    """`/console/access` and `/console/account`."""

    def __init__(
        self, sign_in: SignIn, rules: Rules, cookies: Cookies, sites: Sites, renderer: Renderer
    ) -> None:
        self._sign_in = sign_in
        self._users, self._sessions = sign_in.accounts.users, sign_in.accounts.sessions
        self._rules = rules
        self._cookies = cookies
        self._sites = sites
        self._renderer = renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.page("/access", self.show, Role.OWNER),
            guard.action("/access/invite", self.invite, Role.OWNER),
            guard.action("/access/users/{user:int}/role", self.set_role, Role.OWNER),
            guard.action("/access/users/{user:int}/remove", self.remove, Role.OWNER),
            guard.action("/access/sessions/{session:int}/end", self.end_any, Role.OWNER),
            guard.page("/account", self.show_own),
            guard.action("/account/password", self.change_password, Role.VIEWER),
            guard.action("/account/sessions/{session:int}/end", self.end_own, Role.VIEWER),
        ]

    async def show(self, visit: Visit) -> Response:
        return await self._access(visit)

    async def invite(self, visit: Visit) -> Response:
        """Make a one-time link, and show it this once."""
        role = _role(visit)
        if role is None:
            return RedirectResponse(ACCESS, status_code=303)
        token = await self._sign_in.make_link(role, visit.actor)
        log.info("console.invited", by=visit.user.name, role=role.value)
        address = f"{self._sites.address_of(visit.request)}{PATH}/link/{token}"
        return await self._access(visit, invitation=address, invited=role)

    async def set_role(self, visit: Visit) -> Response:
        role, user_id = _role(visit), int(visit.request.path_params["user"])
        if role is not None and not await self._users.set_role(user_id, role, visit.actor):
            return await self._access(visit, status=409, problem=T.LAST_OWNER)
        log.info("console.role_set", by=visit.user.name, user=user_id, role=role)
        return RedirectResponse(ACCESS, status_code=303)

    async def remove(self, visit: Visit) -> Response:
        user_id = int(visit.request.path_params["user"])
        if not await self._users.remove(user_id, visit.actor):
            return await self._access(visit, status=409, problem=T.LAST_OWNER)
        log.info("console.user_removed", by=visit.user.name, user=user_id)
        return RedirectResponse(ACCESS, status_code=303)

    async def end_any(self, visit: Visit) -> Response:
        await self._sessions.end(int(visit.request.path_params["session"]), visit.actor)
        return RedirectResponse(ACCESS, status_code=303)

    async def show_own(self, visit: Visit) -> Response:
        return await self._own(visit)

    async def change_password(self, visit: Visit) -> Response:
        new = visit.form.get("password", ""), visit.form.get("again", "")
        old = visit.form.get("old", "")
        came_of_it = await self._sign_in.change_password(visit.user, old, new, visit.browser)
        if isinstance(came_of_it, Wrong | Wait):
            return await self._own(visit, came_of_it)
        response = RedirectResponse(OWN, status_code=303)
        self._cookies.set(response, came_of_it)
        return response

    async def end_own(self, visit: Visit) -> Response:
        await self._sessions.end(
            int(visit.request.path_params["session"]), visit.actor, of_user=visit.user.id
        )
        return RedirectResponse(OWN, status_code=303)

    async def _access(
        self,
        visit: Visit,
        *,
        status: int = 200,
        problem: T | None = None,
        invitation: str = "",
        invited: Role | None = None,
    ) -> Response:
        return self._renderer.page(
            "access.html",
            visit,
            status=status,
            users=[(each, self._rules.user(each)) for each in await self._users.all()],
            sessions=await self._sessions.all(),
            problem=problem,
            invitation=invitation,
            invited=invited,
            lasts_s=self._sign_in.settings.link_lasts.total_seconds(),
        )

    async def _own(self, visit: Visit, refusal: Wrong | Wait | None = None) -> Response:
        chars = self._sign_in.settings.password_chars
        sessions = [each for each in await self._sessions.all() if each.user.id == visit.user.id]
        problem = told(refusal, self._renderer, visit, chars) if refusal else ""
        status = status_of(refusal) if refusal else 200
        return self._renderer.page(
            "account.html", visit, status=status, sessions=sessions, problem=problem, chars=chars
        )


def _role(visit: Visit) -> Role | None:
    given = visit.form.get("role", "")
    return Role(given) if given in list(Role) else None
