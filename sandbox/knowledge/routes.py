"""The routes to collections and documents, and to the searches over them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.knowledge.desk import Desk, Make

_ROOT = "/api/v1/collections"
Open = Callable[[Make, bool], Callable[[Request], Any]]
"""Makes an endpoint; the flag says whether public keys may call it."""


def knowledge_routes(desk: Desk, open_: Open) -> list[Route]:
    """Builds the routes; only searches are open to public keys."""
    one, documents = f"{_ROOT}/{{c}}", f"{_ROOT}/{{c}}/documents"
    private: list[tuple[str, str, Make]] = [
        ("GET", _ROOT, desk.collections),
        ("POST", _ROOT, desk.create),
        ("GET", one, desk.show),
        ("PUT", one, desk.change),
        ("DELETE", one, desk.remove),
        ("DELETE", f"{one}/reset-only", desk.reset),
        ("GET", documents, desk.browse),
        ("PUT", documents, desk.put),
        ("POST", documents, desk.load),
        ("GET", f"{documents}/{{d}}", desk.read),
        ("DELETE", f"{documents}/{{d}}", desk.delete),
    ]
    route = partial(_route, open_)
    return [
        *(route(method, path, make, public=False) for method, path, make in private),
        route("POST", "/api/v1/query", desk.query, public=True),
        route("POST", "/api/v1/answer", desk.answer, public=True),
    ]


def _route(open_: Open, method: str, path: str, make: Make, *, public: bool) -> Route:
    return Route(path, open_(make, public), methods=[method])
