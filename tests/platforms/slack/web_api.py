"""The Web API over HTTP: who calls, what is asked, what goes wrong, and the record of it."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from .args import Args, read_args
from .budgets import Budgets
from .events import Events
from .faults import Fault, Faults
from .methods import METHODS, Method
from .methods.registry import Asked
from .refused import RefusedError
from .socket_mode import SocketMode
from .state import Token, Workspace
from .world import World

SERVER_ERROR_PAGE = "<!DOCTYPE html><html><head><title>Server Error | Slack</title></head></html>"


@dataclass(eq=False)
class Call:
    """One call of the Web API, as it came in and as it was answered."""

    method: str
    args: dict[str, Any]
    workspace: str | None
    at: float
    error: str | None = None
    status: int | None = None  # None: no answer was given (yet)
    answer: dict[str, Any] = field(default_factory=dict, repr=False)


class WebApi:
    """Answers `/api/{method}`."""

    def __init__(self, world: World, events: Events, socket_mode: SocketMode) -> None:
        self.calls: list[Call] = []
        self.faults = Faults()
        self._world = world
        self._events = events
        self._socket_mode = socket_mode
        self._budgets = Budgets(world.clock)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        call = Call(name, {}, None, self._world.clock.now())
        self.calls.append(call)
        try:
            call.args = await read_args(request)
            token = self._token_of(request)
            call.workspace = token.workspace.id if isinstance(token, Token) else None
            return await self._answer(request, call)
        except RefusedError as refusal:
            return self._respond(call, {"ok": False, "error": refusal.error, **refusal.beside})
        finally:
            self._world.changed()

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        fault = self._faults_of(call)
        if fault is not None and fault.kind == "hang" and not fault.after_work:
            await self._hang(fault)
        if fault is not None and fault.kind == "status":
            return self._broken(call, fault)
        answer = self._work(request, call, fault)
        if fault is not None and fault.kind == "hang" and fault.after_work:
            await self._hang(fault)
        if fault is not None and fault.kind == "lose":
            return self._lost(request, call)
        return answer

    def _work(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        method = METHODS.get(call.method)
        if method is None:
            raise RefusedError("unknown_method", req_method=call.method)
        workspace = self._authorised(request, method)
        if fault is not None and fault.kind == "error":
            raise RefusedError(fault.error, **fault.beside)
        if wait_s := self._over_budget(method, call, workspace):
            return self._limited(call, wait_s)
        asked = Asked(
            self._world, self._events, self._socket_mode, workspace, Args(call.args), dict(request.headers)
        )
        answer = method.run(asked)
        headers = {}
        if self._world.rules.scopes_header and method.caller == "bot":
            headers["x-oauth-scopes"] = ",".join(sorted(workspace.scopes))
        return self._respond(call, {"ok": True, **answer}, headers)

    def _faults_of(self, call: Call) -> Fault | None:
        return self.faults.next_for(call.method, call.workspace, str(call.args))

    def _token_of(self, request: web.Request) -> Token | str | None:
        """Finds the token in the Authorization header, the only place where it counts."""
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not given:
            return None
        return self._world.tokens.get(given, given)

    def _authorised(self, request: web.Request, method: Method) -> Workspace:
        """Returns the workspace whose token asks; the app's own calls count for the first one."""
        first = next(iter(self._world.workspaces.values()))
        if method.caller == "none":
            return first
        token = self._token_of(request)
        if token is None:
            raise RefusedError("not_authed")
        is_app_token = token == self._socket_mode.app_token
        if is_app_token != (method.caller == "app") and (is_app_token or isinstance(token, Token)):
            raise RefusedError("not_allowed_token_type")
        if is_app_token:
            return first
        return self._live(token, method)

    def _live(self, token: Token | str, method: Method) -> Workspace:
        if not isinstance(token, Token):
            raise RefusedError("invalid_auth")
        if token.error:
            raise RefusedError(token.error)
        if token.expires_at is not None and token.expires_at <= self._world.clock.now():
            raise RefusedError("token_expired")
        granted = token.workspace.scopes
        if method.scope and not granted.intersection(method.scope):
            raise RefusedError(
                "missing_scope", needed=",".join(method.scope), provided=",".join(sorted(granted))
            )
        return token.workspace

    def _over_budget(self, method: Method, call: Call, workspace: Workspace) -> int:
        rules = self._world.rules
        if not rules.budgets:
            return 0
        channel = str(call.args.get("channel", ""))
        limited = rules.history_limited
        return self._budgets.wait_s(method.name, method.tier, workspace.id, channel, limited_reads=limited)

    def _respond(
        self, call: Call, answer: dict[str, Any], headers: dict[str, str] | None = None, status: int = 200
    ) -> web.Response:
        call.status, call.answer, call.error = status, answer, answer.get("error")
        return web.json_response(answer, status=status, headers=headers)

    def _limited(self, call: Call, wait_s: float) -> web.Response:
        headers = {"Retry-After": str(wait_s)}
        return self._respond(call, {"ok": False, "error": "ratelimited"}, headers, status=429)

    def _broken(self, call: Call, fault: Fault) -> web.Response:
        if fault.status == 429:
            return self._limited(call, fault.beside["retry_after"])
        call.status, call.error = fault.status, f"http_{fault.status}"
        return web.Response(status=fault.status, text=SERVER_ERROR_PAGE, content_type="text/html")

    def _lost(self, request: web.Request, call: Call) -> web.Response:
        """Cuts the connection when all is done: the caller can't know whether it was."""
        call.status = None
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _hang(self, fault: Fault) -> None:
        fault.reached.set()
        self._world.changed()
        await fault.released.wait()
