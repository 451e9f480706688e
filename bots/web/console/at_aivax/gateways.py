"""`/console/gateways`: which there are, what they cost, which place asks which, and an operator's choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bots.web.console import PATH
from bots.web.console.pages.overview import Frontends
from bots.web.console.pages.told import breaker_name
from bots.web.console.rendering import Renderer
from bots.web.console.security.guard import Guard
from bots.web.console.visit import Visit
from core.aivax.account_routes.model_list import ListedModel
from core.console.gateways import MODEL_CHARS, Asked, GatewayDesk
from core.console.turns import Turns
from core.domain import Place
from core.domain.console import Role
from core.i18n.console_text import ConsoleText as T
from core.storage.console.turns import TrippedBreaker

MOST_LISTED = 100
MOST_PRICES = 3
MOST_OFFERED = 500
"""In the list that a browser completes names from; any other may be typed."""


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """One gateway or model."""

    name: str
    model: ListedModel | None
    """None: it is asked, but AIVAX does not list it."""
    places: int
    """In how many places, as they are configured or chosen, it is asked."""
    breaker: TrippedBreaker | None


@dataclass(frozen=True, slots=True)
class GatewayPages:
    """Lists and chooses."""

    desk: GatewayDesk
    turns: Turns
    frontends: Frontends
    renderer: Renderer

    def routes(self, guard: Guard) -> Sequence[Route]:
        return [
            guard.page("/gateways", self.show),
            guard.action("/gateways/choose", self.choose, Role.OPERATOR),
        ]

    async def show(self, visit: Visit) -> Response:
        return await self._show(visit)

    async def choose(self, visit: Visit) -> Response:
        """Have a channel answered by another gateway from its next question on."""
        form = visit.form
        platform = form.get("platform", "")
        place = Place(platform, form.get("workspace", "").strip(), form.get("channel", "").strip())
        is_known = platform in self._platforms(await self.desk.asked())
        model = form.get("model", "").strip()[:MODEL_CHARS]
        if not (is_known and await self.desk.choose(place, model, visit.actor)):
            return await self._show(visit, T.GATEWAY_REFUSED)
        return RedirectResponse(f"{PATH}/gateways", status_code=303)

    def _platforms(self, asked: Sequence[Asked]) -> list[str]:
        """Those that listen here, and those that something is configured for."""
        names = [name for name, _, _ in self.frontends.parts() if name not in ("database", "tools")]
        return list(dict.fromkeys([*names, *(each.platform for each in asked if each.platform)]))

    async def _show(self, visit: Visit, refusal: T | None = None) -> Response:
        words = visit.query.get("q", "").strip()[:MODEL_CHARS]
        asked, listed = await self.desk.asked(), await self.desk.listed()
        breakers = {each.model: each for each in (await self.turns.waiting()).breakers}
        rows = _rows(asked, listed.models, breakers)
        found = [row for row in rows if all(part in row.name.casefold() for part in words.casefold().split())]
        speaks = self.renderer.speaks(visit)
        return await self.renderer.large_page(
            "gateways.html",
            visit,
            status=200 if refusal is None else 422,
            refusal=refusal,
            asked=asked,
            rows=found[:MOST_LISTED],
            total=len(found),
            words=words,
            is_told=listed.is_told,
            names=[row.name for row in rows[:MOST_OFFERED]],
            platforms=self._platforms(asked),
            may_act=visit.user.role.may(Role.OPERATOR),
            breaker_name=_namer(speaks),
            most_prices=MOST_PRICES,
        )


def _namer(speaks: object) -> Callable[[str], str]:
    return lambda name: breaker_name(name, speaks)  # type: ignore[arg-type]  # the page's own translator


def _rows(
    asked: Sequence[Asked], listed: Sequence[ListedModel], breakers: dict[str, TrippedBreaker]
) -> list[GatewayRow]:
    """Those that are asked first, then gateways, then models."""
    known = {each.name: each for each in listed}
    used = list(dict.fromkeys(name for each in asked for name in (each.model, each.fallback) if name))
    others = sorted((each for each in listed if each.name not in used), key=lambda each: not each.is_gateway)
    return [
        GatewayRow(name, known.get(name), sum(each.model == name for each in asked), breakers.get(name))
        for name in (*used, *(each.name for each in others))
    ]
