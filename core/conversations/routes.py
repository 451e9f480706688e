"""Which gateway, which instructions, which language a place has, and what is asked of AIVAX with each of its calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from core.aivax import options
from core.aivax.options import RequestOptions
from core.domain import Place
from core.settings import AivaxSettings, Route


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a place's questions are answered with."""

    model: str
    instructions: str
    locale: str = ""
    """The language for those whose own is unknown; `""` where no route names one."""
    fallback_model: str = ""
    """What answers where `model` can't; `""`: nothing does."""


class Routes:
    """`[[routes]]`, the most particular first: a channel beats a workspace, which beats the platform."""

    def __init__(
        self,
        routes: Sequence[Route],
        aivax: AivaxSettings,
        admins_choice: Callable[[Place], str] = lambda _place: "",
        *,
        instructions: str,
        offered: Collection[str] = (),
    ) -> None:
        """`aivax` and `instructions` hold wherever no route says anything else.

        `admins_choice` tells the gateway that a place's own admins chose, `""` where they chose none; `offered` are
        those that they may choose from.
        """
        self._admins_choice = admins_choice
        self._offered = frozenset(offered)
        self._given = routes
        self._aivax = aivax
        self._instructions = instructions

    @property
    def _routes(self) -> list[Route]:
        """Sorted at each use: a reload gives others."""
        return sorted(
            self._given, key=lambda route: (bool(route.channel), bool(route.workspace)), reverse=True
        )

    @property
    def models(self) -> set[str]:
        """Every gateway that can be asked."""
        return {
            self._aivax.model,
            *(route.model for route in self._routes if route.model),
            *self._offered,
            *self.fallback_models,
        }

    @property
    def fallback_models(self) -> set[str]:
        """Those among them that only answer where another can't."""
        named = (self._aivax.fallback_model, *(route.fallback_model for route in self._routes))
        return {each for each in named if each}

    @property
    def instead_of(self) -> dict[str, set[str]]:
        """Every gateway that can be asked, with those that answer in its place where it can't."""
        found: dict[str, set[str]] = {model: set() for model in self.models}
        usual = self._aivax
        named = [(usual.model, usual.fallback_model)]
        named += [
            (route.model or usual.model, route.fallback_model or usual.fallback_model)
            for route in self._routes
        ]
        others = {other for _, other in named}
        named += [(model, other) for model in self._offered for other in others]
        for model, other in named:
            if other and other != model:
                found[model].add(other)
        return found

    def of(self, place: Place) -> Chosen:
        """The model of the most particular route that names one, unless admins of the place chose another; likewise
        instructions and locale."""
        fitting = [route for route in self._routes if _fits(route, place)]
        configured = next((route.model for route in fitting if route.model), self._aivax.model)
        model = self._admins_choice(place) or configured
        texts = (route.instructions for route in fitting if route.instructions is not None)
        locale = next((route.locale for route in fitting if route.locale), "")
        fallbacks = (route.fallback_model for route in fitting if route.fallback_model)
        fallback = next(fallbacks, self._aivax.fallback_model)
        return Chosen(model, next(texts, self._instructions), locale, fallback)

    def options_of(self, place: Place) -> RequestOptions:
        """What is asked of AIVAX with each call of a place."""
        return options.chosen(self._aivax, [route for route in self._routes if _fits(route, place)])


def _fits(route: Route, place: Place) -> bool:
    return (
        route.platform == place.platform
        and route.workspace in ("", place.workspace)
        and route.channel in ("", place.channel)
    )
