"""Which function answers which route."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .model import Upload
from .posting import Request

Json = dict[str, Any]


@dataclass
class Call:
    """One REST call as it came in, and how it ended; `status` stays None when no answer went out."""

    method: str
    path: str
    route: str
    at: float
    query: dict[str, str]
    token_sent: bool
    body: Any = None
    uploads: list[Upload] = field(default_factory=list)
    status: int | None = None
    answer: Any = None

    @property
    def request(self) -> Request:
        return Request(self.body if isinstance(self.body, dict) else {}, self.uploads)


@dataclass(frozen=True)
class Reply:
    """An answer with a status of its own; routes that return plain JSON mean 200, None means 204."""

    status: int
    body: Any = None


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    handler: Callable[..., Any]
    limit: str = "other"
    authorized: bool = True
    counts_globally: bool = True

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.template).replace(r"\{\}", "([^/]+)"))


class Table:
    """Finds the route of a call: those without parameters in a place win."""

    def __init__(self, *groups: list[Route]) -> None:
        routes = sorted((r for group in groups for r in group), key=lambda r: r.template.count("{}"))
        self._routes = [(route, route.pattern) for route in routes]

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        for route, pattern in self._routes:
            if route.method == method and (match := pattern.fullmatch(path)):
                return route, match.groups()
        return None

    def knows(self, spec: str) -> bool:
        """Says whether a fault's spec such as `"POST /channels/{}/messages"` can ever match."""
        method, _, path = spec.partition(" ")
        return "*" in spec or self.find(method, path.replace("{}", "1")) is not None
