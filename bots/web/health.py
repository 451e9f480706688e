"""Health for whoever watches the process: a container's probe, a monitor, an operator with the admin token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bots.supervisor import Board
from bots.web.admin import is_admin
from core.domain import StorageError


def health_routes(
    board: Board, *, admin_token: str, pause: Callable[[], Awaitable[object | None]] | None = None
) -> list[Route]:
    """`GET /health/live`: the process answers. `GET /health/ready`: 200 while a frontend is up, else 503.

    A database that is gone makes it 503 too, and stands among what is down, as do the operator's tools where a file of
    theirs does not load, which keeps nobody from being answered. Why anything is down is told only to who
    sends `Authorization: Bearer <[web] admin_token>`. That answers are paused, as `pause` knows, is told to all, and
    is no failure: null where the database can't be asked.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        problem = board.problem
        down = {**board.failed, **board.ailing, **({"database": problem} if problem is not None else {})}
        is_ready = bool(board.up) and problem is None
        told: dict[str, object] = {
            "status": "ready" if is_ready else "not ready",
            "up": board.up,
            "down": {name: str(down[name]) for name in sorted(down)}
            if is_admin(request, admin_token)
            else sorted(down),
        }
        if pause is not None:
            told["paused"] = await _is_on(pause)
        return JSONResponse(told, status_code=200 if is_ready else 503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


async def _is_on(pause: Callable[[], Awaitable[object | None]]) -> bool | None:
    try:
        return await pause() is not None
    except StorageError:
        return None
