"""Health for whoever watches the process: a container's probe, a monitor, an operator with the admin token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.domain.errors import BotError


class FrontendStates(Protocol):
    """Which frontends are up, and why others are not."""

    @property
    def up(self) -> list[str]: ...

    @property
    def failed(self) -> Mapping[str, BotError]: ...

    @property
    def problem(self) -> BotError | None: ...


def health_routes(states: FrontendStates, *, admin_token: str) -> list[Route]:
    """`GET /health/live`: the process answers. `GET /health/ready`: 200 while a frontend is up, else 503.

    A database that is gone makes it 503 too, and stands among what is down. Why anything is down is told only to who
    sends `Authorization: Bearer <[web] admin_token>`.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        problem = states.problem
        is_ready = bool(states.up) and problem is None
        told: dict[str, object] = {"status": "ready" if is_ready else "not ready", "up": states.up}
        down = {**states.failed, **({"database": problem} if problem is not None else {})}
        told["down"] = _causes(down) if _is_admin(request, admin_token) else sorted(down)
        return JSONResponse(told, status_code=200 if is_ready else 503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def _causes(down: Mapping[str, BotError]) -> dict[str, str]:
    return {name: str(cause) for name, cause in sorted(down.items())}


def _is_admin(request: Request, admin_token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = bool(admin_token) and scheme.lower() == "bearer"
    return known and secrets.compare_digest(given.strip().encode(), admin_token.encode())
