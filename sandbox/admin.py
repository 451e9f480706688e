"""Lets a tester steer the sandbox while it runs: faults, balance, storage, pace, and the calls so far."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.account import BALANCE_FIELDS
from sandbox.faults import Fault
from sandbox.hooks.config import Memory, read_hooks
from sandbox.refusals import Refusal, refuse
from sandbox.shapes import CHOICES
from sandbox.state import State
from sandbox.wire import is_number, json_bytes, read_json

Fields = Mapping[str, Any]
Check = Callable[[object], bool]
Rule = tuple[Check, str]


class LoopbackOnly:
    """Middleware that turns away everybody who does not call from this very machine."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on when it came straight from a loopback address."""
        if scope["type"] == "http" and not _is_local(scope):
            refusal = Refusal(403, "The sandbox is steered from this machine only.")
            await refuse("/sandbox", refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    try:
        address = ipaddress.ip_address(scope["client"][0] if scope["client"] else "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _any_number(value: object) -> bool:
    return is_number(value) and abs(float(str(value))) < float("inf")


def _amount(value: object) -> bool:
    return _any_number(value) and float(str(value)) >= 0


def _whole_number(value: object) -> bool:
    return isinstance(value, int) and is_number(value) and value >= 0


def _known_fields(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item in BALANCE_FIELDS for item in value)


_AMOUNT: Rule = (_amount, "a number of 0 or more")
_COUNT: Rule = (_whole_number, "a whole number of 0 or more")
_TEXT: Rule = (lambda value: isinstance(value, str), "a text")
_FAULT: Mapping[str, Rule] = {
    "route": _TEXT,
    "kind": _TEXT,
    "status": _COUNT,
    "retry_after": (lambda value: isinstance(value, str) or _amount(value), "seconds or an HTTP date"),
    "times": _COUNT,
    "after_chunks": _COUNT,
    "code": _TEXT,
    "message": _TEXT,
    "model": _TEXT,
}
_BALANCE: Mapping[str, Rule] = {
    "balance": (_any_number, "a number"),
    "lag_s": _AMOUNT,
    "omit": (_known_fields, f"a list out of {', '.join(BALANCE_FIELDS)}"),
}
_STORAGE: Mapping[str, Rule] = {"over_quota": (lambda value: isinstance(value, bool), "true or false")}
_PACE: Mapping[str, Rule] = {"tokens_per_s": _AMOUNT}
_KNOWLEDGE: Mapping[str, Rule] = {"index_after_polls": _COUNT}


_SHAPES: Mapping[str, Rule] = {
    name: (choices.__contains__, f"one of {', '.join(choices)}") for name, choices in CHOICES.items()
}


async def _fields(request: Request, rules: Mapping[str, Rule], required: tuple[str, ...]) -> Fields:
    try:
        body = read_json(await request.body())
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    for name, value in body.items():
        if name not in rules:
            raise Refusal(400, f"'{name}' is not known here. Known: {', '.join(rules)}.")
        check, must = rules[name]
        if not check(value):
            raise Refusal(400, f"'{name}' must be {must}.")
    missing = [name for name in required if name not in body]
    if missing:
        raise Refusal(400, f"'{missing[0]}' is missing.")
    return body


def _told(value: object) -> Response:
    return Response(json_bytes(value), media_type="application/json")


def _described(fault: Fault, left: int) -> dict[str, Any]:
    return {**asdict(fault), "times": left}


def admin_routes(state: State) -> list[Route]:
    """Builds the routes that change the state, for a mount at `/sandbox`."""
    return [*_fault_routes(state), *_account_routes(state), *_call_routes(state), *_hook_routes(state)]


def _fault_routes(state: State) -> list[Route]:
    async def add(request: Request) -> Response:
        fields = await _fields(request, _FAULT, ("route", "kind"))
        if fields.get("status") == 0:
            raise Refusal(400, "'status' must be from 400 to 599.")
        try:
            fault = Fault(**fields)
        except ValueError as exc:
            raise Refusal(400, f"{exc}.") from exc
        state.faults.add(fault)
        return _told({"queued": _described(fault, fault.times)})

    async def show(_request: Request) -> Response:
        return _told([_described(fault, left) for fault, left in state.faults.pending()])

    async def clear(_request: Request) -> Response:
        return _told({"dropped": state.faults.clear()})

    return [
        Route("/faults", add, methods=["POST"]),
        Route("/faults", show, methods=["GET"]),
        Route("/faults", clear, methods=["DELETE"]),
    ]


def _account_routes(state: State) -> list[Route]:
    account = state.account

    async def balance(request: Request) -> Response:
        fields = await _fields(request, _BALANCE, ())
        if "balance" in fields:
            account.set_balance(float(fields["balance"]))
        account.lag_s = float(fields.get("lag_s", account.lag_s))
        account.omit = frozenset(fields.get("omit", account.omit))
        return _told({"balance": account.balance_usd, "lag_s": account.lag_s, "omit": sorted(account.omit)})

    async def storage(request: Request) -> Response:
        fields = await _fields(request, _STORAGE, ("over_quota",))
        account.over_quota = fields["over_quota"]
        return _told({"over_quota": account.over_quota})

    async def pace(request: Request) -> Response:
        fields = await _fields(request, _PACE, ("tokens_per_s",))
        state.tokens_per_s = float(fields["tokens_per_s"])
        return _told({"tokens_per_s": state.tokens_per_s})

    async def knowledge(request: Request) -> Response:
        fields = await _fields(request, _KNOWLEDGE, ("index_after_polls",))
        state.knowledge.library.index_after_polls = fields["index_after_polls"]
        return _told(dict(fields))

    async def shapes(request: Request) -> Response:
        state.shapes = replace(state.shapes, **await _fields(request, _SHAPES, ()))
        return _told(asdict(state.shapes))

    return [
        Route("/shapes", shapes, methods=["PUT"]),
        Route("/balance", balance, methods=["PUT"]),
        Route("/storage", storage, methods=["PUT"]),
        Route("/pace", pace, methods=["PUT"]),
        Route("/knowledge", knowledge, methods=["PUT"]),
    ]


def _call_routes(state: State) -> list[Route]:
    async def show(_request: Request) -> Response:
        return _told(state.calls.described())

    async def clear(_request: Request) -> Response:
        return _told({"dropped": state.calls.clear()})

    return [Route("/calls", show, methods=["GET"]), Route("/calls", clear, methods=["DELETE"])]


def _hook_routes(state: State) -> list[Route]:
    async def hooks(request: Request) -> Response:
        try:
            body = read_json(await request.body())
        except ValueError as exc:
            raise Refusal(400, f"The body is not JSON: {exc}.") from exc
        state.hooks, state.memory = read_hooks(body), Memory()
        return _told({name: value for name, value in asdict(state.hooks).items() if name != "hook_key"})

    return [Route("/hooks", hooks, methods=["PUT"])]
