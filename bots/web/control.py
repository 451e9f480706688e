"""What an operator's commands ask of the running bot: `aivax-bots pause`, `turns retry` and their like.

A SQLite file belongs to one process, so who wants something changed in it asks that process. Everything here needs
`[web] admin_token`; without one nothing of it is served. Who has it may say for whom they ask (`{"by": "ana"}`): that
name stands in the audit log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bots.supervisor import Board
from bots.web.bearer import bears
from core.admission.account import AccountWatch
from core.domain import Scope
from core.domain.audit import Actor, Via
from core.operations.control import Control

PATH = "/control"
Answer = Callable[[Request], Awaitable[object]]


class _Wrong(Exception):
    """The request says nothing that could be done."""


def control_routes(control: Control, account: AccountWatch, board: Board, *, admin_token: str) -> list[Route]:
    """`GET /control/status`, and `POST` to `pause` (`{"sentence": ...}`), `resume`, `turns/ID/retry`, `.../drop`,
    `places/clear` (`{"place": "slack:T0123/C0123", "setting": ""}`)."""

    async def status(_request: Request) -> object:
        pause = await control.paused()
        down = {name: str(board.failed[name]) for name in sorted(board.failed)} | board.ailing
        return {
            "frontends": {"up": board.up, "down": down},
            "paused": pause is not None,
            "balance_usd": account.balance_usd,
        }

    async def pause(request: Request) -> object:
        body = await _json(request)
        return {"changed": await control.pause(_by(body), _text(body, "sentence"))}

    async def resume(request: Request) -> object:
        return {"changed": await control.resume(_by(await _json(request)))}

    async def retry(request: Request) -> object:
        return {"outcome": await control.retry(request.path_params["turn"], _by(await _json(request)))}

    async def drop(request: Request) -> object:
        return {"outcome": await control.drop(request.path_params["turn"], _by(await _json(request)))}

    def route(path: str, answer: Answer, method: str = "POST") -> Route:
        async def guarded(request: Request) -> Response:
            if not bears(request, admin_token):
                return JSONResponse({"problem": "the admin token is missing, or another one"}, 401)
            try:
                return JSONResponse(await answer(request))
            except _Wrong as wrong:
                return JSONResponse({"problem": str(wrong)}, 400)

        return Route(f"{PATH}/{path}", guarded, methods=[method])

    return [
        route("status", status, "GET"),
        route("pause", pause),
        route("resume", resume),
        route("turns/{turn:int}/retry", retry),
        route("turns/{turn:int}/drop", drop),
        route("places/clear", _clearing(control)),
    ]


def _clearing(control: Control) -> Answer:
    async def clear_place(request: Request) -> object:
        body = await _json(request)
        return {"cleared": await control.clear_place(_scope(body), _text(body, "setting"), _by(body))}

    return clear_place


async def _json(request: Request) -> object:
    if not await request.body():
        return {}
    try:
        return await request.json()
    except ValueError:
        raise _Wrong("the body is no JSON") from None


def _by(body: object) -> Actor:
    return Actor(Via.COMMAND, _text(body, "by").strip())


def _text(body: object, key: str) -> str:
    value = body.get(key, "") if isinstance(body, dict) else None
    if not isinstance(value, str):
        raise _Wrong(f'write {{"{key}": "a text"}}, or {{}}')
    return value


def _scope(body: object) -> Scope:
    try:
        return Scope.parse(_text(body, "place"))
    except ValueError as error:
        raise _Wrong(str(error)) from None
