"""Which gateway, which instructions and which language a place has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain import Place
from core.settings import Route


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a place's questions are answered with."""

    model: str
    instructions: str
    locale: str = ""
    """The language for those whose own is unknown; `""` where no route names one."""


class Routes:
    """`[[routes]]`, the most particular first: a channel beats a workspace, which beats the platform."""

    def __init__(self, routes: Sequence[Route], *, model: str, instructions: str) -> None:
        self._routes = sorted(
            routes, key=lambda route: (bool(route.channel), bool(route.workspace)), reverse=True
        )
        self._model = model
        self._instructions = instructions

    @property
    def models(self) -> set[str]:
        """Every gateway that can be asked."""
        return {self._model, *(route.model for route in self._routes if route.model)}

    def of(self, place: Place) -> Chosen:
        """The model of the most particular route that names one, and likewise instructions and locale."""
        fitting = [route for route in self._routes if _fits(route, place)]
        model = next((route.model for route in fitting if route.model), self._model)
        texts = (route.instructions for route in fitting if route.instructions is not None)
        locale = next((route.locale for route in fitting if route.locale), "")
        return Chosen(model, next(texts, self._instructions), locale)


def _fits(route: Route, place: Place) -> bool:
    return (
        route.platform == place.platform
        and route.workspace in ("", place.workspace)
        and route.channel in ("", place.channel)
    )
