"""The pages between the console and a provider: on the way there, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.errors import ErrorPages
from bots.web.console.providers.build import WITH, redirect_of
from bots.web.console.providers.sign_in import Entered, ProviderSignIn, Refused
from bots.web.console.rendering import Renderer
from bots.web.console.security.cookies import Cookies
from bots.web.console.security.guard import Guard
from bots.web.console.security.sign_in import Wait
from bots.web.console.security.sites import Sites, within
from bots.web.console.security.tokens import new_token
from bots.web.console.visit import Visit
from core.i18n.console_text import ConsoleText as T

if TYPE_CHECKING:
    from bots.web.console.providers.exchange import Exchange


@dataclass(frozen=True, slots=True)
class ProviderPages:
    """`/console/sign-in/with/NAME` and `/console/sign-in/with/NAME/back`."""

    providers: ProviderSignIn
    cookies: Cookies
    sites: Sites
    renderer: Renderer
    errors: ErrorPages

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.open_action(f"{WITH}/{{provider}}", self.go),
            guard.open_page(f"{WITH}/{{provider}}/back", self.come_back),
        ]

    async def go(self, visit: Visit) -> Response:
        """Send them there.

        By a page of ours, not by a redirect of the form: browsers hold our `form-action` against every step of one,
        and a provider may send people on to others.
        """
        exchange = self._exchange(visit)
        if exchange is None:
            return self.errors.missing(visit)
        if visit.session is not None:
            return RedirectResponse(f"{PATH}/", status_code=303)
        wanted = within(visit.form.get("next", ""))
        key = exchange.provider.key
        address = await self.providers.begin(key, visit.token, wanted, self._redirect(visit, key))
        if isinstance(address, Refused):
            return self._refuse(visit, address)
        return hand_over(self.renderer, visit, address, T.PROVIDER_GOING, exchange.provider.label)

    async def come_back(self, visit: Visit) -> Response:
        exchange = self._exchange(visit)
        if exchange is None:
            return self.errors.missing(visit)
        if visit.session is not None:  # in another tab meanwhile; whoever sent them here changes nothing
            return RedirectResponse(f"{PATH}/", status_code=303)
        key, cookie = exchange.provider.key, self.cookies.read(visit.request)
        redirect = self._redirect(visit, key)
        outcome = await self.providers.finish(key, visit.query, cookie, redirect, visit.browser)
        if isinstance(outcome, Entered):
            response: Response = RedirectResponse(within(outcome.wanted), status_code=303)
            self.cookies.set(response, outcome.token)
            return response
        response = self._refuse(visit, outcome)
        self.cookies.set(response, new_token())  # what was begun by the one before is over
        return response

    def _exchange(self, visit: Visit) -> Exchange | None:
        return self.providers.exchanges.get(str(visit.request.path_params["provider"]))

    def _redirect(self, visit: Visit, key: str) -> str:
        """The address that they come back to, as it is to be entered at the provider."""
        return redirect_of(self.sites.address_of(visit.request), key)

    def _refuse(self, visit: Visit, refusal: Refused | Wait) -> Response:
        speaks = self.renderer.speaks(visit)
        if isinstance(refusal, Wait):
            told = speaks.say(T.WRONG_TOO_OFTEN, wait=speaks.duration(math.ceil(refusal.seconds)))
            return self.renderer.page("refused.html", visit, status=429, problem=told, reference="")
        told = speaks.say(refusal.sentence)
        return self.renderer.page(
            "refused.html", visit, status=refusal.status, problem=told, reference=refusal.reference
        )


def hand_over(renderer: Renderer, visit: Visit, address: str, sentence: T, label: str) -> Response:
    """A page that leads to a provider by itself."""
    told = renderer.speaks(visit).say(sentence, name=label)
    response = renderer.page("hand_over.html", visit, address=address, told=told, label=label)
    response.headers["Refresh"] = f"0; url={address}"
    return response
