"""Health for whoever watches the process: a container's probe, a monitor, an operator with the admin token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bots.monitoring.vitals import Vitals
from bots.web.bearer import bears
from core.domain import StorageError


def health_routes(
    vitals: Vitals, *, admin_token: str, pause: Callable[[], Awaitable[object | None]] | None = None
) -> list[Route]:
    """`GET /health/live`: the process answers. `GET /health/ready`: 200 while a frontend is up, else 503.

    A database that does not answer makes it 503 too, and stands among what is down, and so does a frontend that is
    connected but deaf (`[web] deaf_after_s`). The operator's tools stand there where a file of theirs does not load,
    which keeps nobody from being answered. Each frontend is told with its state and the age in seconds of the last
    event heard and the last answer delivered. Why anything is down is told only to who sends
    `Authorization: Bearer <[web] admin_token>`. That answers are paused, as `pause` knows, is told to all, and is no
    failure: null where the database can't be asked.
    """

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> JSONResponse:
        is_ready, told = await _readiness(vitals)
        if not bears(request, admin_token):
            told["down"] = sorted(told["down"])
        if pause is not None:
            told["paused"] = await _is_on(pause)
        return JSONResponse(told, status_code=200 if is_ready else 503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


async def _is_on(pause: Callable[[], Awaitable[object | None]]) -> bool | None:
    try:
        return await pause() is not None
    except StorageError:
        return None


async def _readiness(vitals: Vitals) -> tuple[bool, dict[str, Any]]:
    board, deaf = vitals.board, vitals.deaf
    problem = await vitals.database_problem()
    silent = {
        name: f"connected, but nothing was heard for {seconds:.0f} s ([web] deaf_after_s)"
        for name, seconds in deaf.items()
    }
    gone = {} if problem is None else {"database": problem}
    down: dict[str, object] = {**board.failed, **board.ailing, **silent, **gone}
    is_ready = bool(board.up) and not deaf and problem is None
    return is_ready, {
        "status": "ready" if is_ready else "not ready",
        "up": board.up,
        "down": {name: str(down[name]) for name in sorted(down)},
        "frontends": {name: asdict(each) for name, each in vitals.frontends().items()},
        "database": "up" if problem is None else "down",
    }
