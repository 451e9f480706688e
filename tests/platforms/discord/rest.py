"""The REST side: records every call, then plays token, limits, faults and the route itself."""

import asyncio
import json
import re
from typing import Any

from aiohttp import BodyPartReader, web

from . import faults
from .errors import ApiError, invalid_form, not_found, too_large, unauthorized
from .faults import Fault, Hang, Lose, Refuse
from .files import Blob
from .limits import Limits, Meter, Verdict
from .model import Upload
from .routing import Call, Reply, Route, Table
from .session import reset
from .validate import MAX_REQUEST
from .world import World

API = "/api/v10"
JSON = "application/json"
_FILE_FIELD = re.compile(r"files\[(\d+)\]")


class Dropped(Exception):
    """The connection went away instead of an answer."""


class Rest:
    """Answers `/api/v10/...` and the downloads under `/cdn/...`."""

    def __init__(self, world: World, table: Table, limits: Limits) -> None:
        self.world = world
        self.table = table
        self.meter = Meter(limits)
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.downloads: list[Call] = []
        self.unknown: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = self._record(request)
        try:
            response = await self._serve(request, call)
            if response.headers.get("Content-Type") == JSON:
                response.headers["Content-Type"] = self.world.settings.json_type
        except (Dropped, ConnectionResetError):  # the other one: the client died before it had asked
            return web.Response(status=500)
        except Exception as failure:
            self.world.crashes.append(failure)
            raise
        finally:
            self.world.bell.ring()
        call.status = response.status
        if response.status in (401, 403, 429) and response.headers.get("X-RateLimit-Scope") != "shared":
            self.meter.count_refusal(self.world.clock.now())
        return response

    def _record(self, request: web.Request) -> Call:
        path = request.path.removeprefix(API)
        found = self.table.find(request.method, path)
        name = found[0].name if found else f"{request.method} {path}"
        sent = "Authorization" in request.headers
        query = dict(request.query)
        call = Call(request.method, path, name, self.world.clock.now(), query, sent)
        (self.downloads if path.startswith("/cdn/") else self.calls).append(call)
        return call

    async def _serve(self, request: web.Request, call: Call) -> web.Response:
        if self.meter.refusals(call.at) >= self.world.settings.ban_after:
            body = faults.HTML.format("Access denied | Error 1015")
            return _response(429, body, {"Retry-After": "3600"}, via=False)
        fault = next((f for f in self.faults if f.takes(f"{call.method} {call.path}")), None)
        await self._before(fault, request)
        if isinstance(fault, Refuse):
            return _response(fault.status, fault.body, fault.headers, via=fault.via)
        response = await self._answer(request, call)
        await self._after(fault, request)
        return response

    async def _before(self, fault: Fault | None, request: web.Request) -> None:
        if isinstance(fault, Hang) and not fault.worked:
            self.world.bell.ring()
            await fault.hold()
        if isinstance(fault, Lose) and not fault.worked:
            await request.read()
            raise self._drop(request, fault)

    async def _after(self, fault: Fault | None, request: web.Request) -> None:
        if isinstance(fault, Hang) and fault.worked:
            self.world.bell.ring()
            await fault.hold()
        if isinstance(fault, Lose) and fault.worked:
            raise self._drop(request, fault)

    def _drop(self, request: web.Request, fault: Lose) -> Dropped:
        if request.transport is not None:
            if fault.reset:
                reset(request.transport)
            else:
                request.transport.close()
        return Dropped()

    async def _answer(self, request: web.Request, call: Call) -> web.Response:
        headers: dict[str, str] = {}
        try:
            route, ids = self._route(request, call)
            limited = self._limit(route, ids, call, headers)
            if limited is not None:
                return limited
            await _read_body(request, call)
            result = route.handler(call, *ids)
        except ApiError as error:
            call.answer = error.body
            return _response(error.status, error.body, headers)
        if isinstance(result, Blob):
            return web.Response(body=result.data, content_type=result.content_type)
        reply = result if isinstance(result, Reply) else Reply(204 if result is None else 200, result)
        call.answer = reply.body
        return _response(reply.status, reply.body, headers)

    def _route(self, request: web.Request, call: Call) -> tuple[Route, tuple[str, ...]]:
        found = self.table.find(call.method, call.path)
        if found is None:
            self.unknown.append(call)
            raise not_found()
        token = f"Bot {self.world.settings.token}"
        if found[0].authorized and request.headers.get("Authorization") != token:
            raise unauthorized()
        return found

    def _limit(
        self, route: Route, ids: tuple[str, ...], call: Call, headers: dict[str, str]
    ) -> web.Response | None:
        if route.counts_globally:
            verdict = self.meter.take_global(call.at)
            if not verdict.allowed:
                return _limited(verdict, "global", {})
        name = self._limit_name(route, ids, call)
        if name == "none":
            return None
        verdict = self.meter.take(name, route.name, "/".join(ids[: 2 if name == "webhook" else 1]), call.at)
        headers |= verdict.headers
        return None if verdict.allowed else _limited(verdict, "user", headers)

    def _limit_name(self, route: Route, ids: tuple[str, ...], call: Call) -> str:
        """Edits of messages older than an hour have a narrower limit."""
        message = (
            self.world.messages.get(int(ids[1])) if route.limit == "edit" and ids[1].isdecimal() else None
        )
        old = message is not None and call.at - self.world.created_at(message) > 3600
        return "old_edit" if old else route.limit


def _limited(verdict: Verdict, scope: str, headers: dict[str, str]) -> web.Response:
    code = 30046 if verdict.name == "old_edit" else None
    body = faults.limited_body(verdict.reset_after_s, scope, code)
    return _response(429, body, headers | faults.limited_headers(verdict.reset_after_s, scope))


def _response(status: int, body: Any, headers: dict[str, str], *, via: bool = True) -> web.Response:
    """Makes an answer; Discord's content type is exactly `application/json`."""
    sent = {"Via": "1.1 google"} | headers if via else dict(headers)
    if body is None:
        return web.Response(status=status, headers=sent)
    if isinstance(body, str):
        return web.Response(status=status, text=body, content_type="text/html", headers=sent)
    sent["Content-Type"] = JSON
    return web.Response(status=status, body=json.dumps(body).encode(), headers=sent)


async def _read_body(request: web.Request, call: Call) -> None:
    """Reads JSON, or multipart with `payload_json` and `files[n]`."""
    if (request.content_length or 0) > MAX_REQUEST:
        raise too_large()
    if request.content_type.startswith("multipart/"):
        return await _read_multipart(request, call)
    raw = await request.read()
    if not raw:
        return None
    if request.content_type != "application/json":
        raise ApiError(400, 50035, "Expected \"Content-Type\" header to be one of {'application/json'}.")
    call.body = _parsed(raw)
    return None


async def _read_multipart(request: web.Request, call: Call) -> None:
    files: dict[int, Upload] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise invalid_form("body", "Nested multipart.")
        data = bytes(await part.read())
        match = _FILE_FIELD.fullmatch(part.name or "")
        if part.name == "payload_json":
            call.body = _parsed(data)
        elif match:
            files[int(match[1])] = Upload(part.filename or "file", data)
        else:
            raise invalid_form(part.name or "body", "Unexpected part.")
    call.uploads = [files[n] for n in sorted(files)]


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


async def release(hanging: list[Fault]) -> None:
    """Lets every held call go on, so that nothing outlives the server."""
    for fault in hanging:
        if isinstance(fault, Hang):
            fault.release()
    await asyncio.sleep(0)
