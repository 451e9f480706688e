"""Health for whoever watches the process: a container's probe, a monitor, an operator with the admin token."""

from __future__ import annotations

import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bots.supervisor import Board


def health_routes(board: Board, *, admin_token: str) -> list[Route]:
    """`GET /health/live`: the process answers. `GET /health/ready`: 200 while a frontend is up, else 503.

    A database that is gone makes it 503 too, and stands among what is down, as do the operator's tools where a file of
    theirs does not load, which keeps nobody from being answered. Why anything is down is told only to who
    sends `Authorization: Bearer <[web] admin_token>`.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        problem = board.problem
        down = {**board.failed, **board.ailing, **({"database": problem} if problem is not None else {})}
        is_ready = bool(board.up) and problem is None
        told = {
            "status": "ready" if is_ready else "not ready",
            "up": board.up,
            "down": {name: str(down[name]) for name in sorted(down)}
            if _is_admin(request, admin_token)
            else sorted(down),
        }
        return JSONResponse(told, status_code=200 if is_ready else 503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def _is_admin(request: Request, admin_token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = bool(admin_token) and scheme.lower() == "bearer"
    return known and secrets.compare_digest(given.strip().encode(), admin_token.encode())
