"""Remembers what was asked of the sandbox, so that a test can look at what a client really sent."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.keys import masked, presented_key
from sandbox.refusals import Refusal, refuse
from sandbox.wire import json_bytes, read_json

CALLS_KEPT = 10_000
BODY_BYTES_KEPT = 64 * 1024 * 1024
BODY_BYTES_MOST = 64 * 1024 * 1024


@dataclass(slots=True)
class CallRecord:
    """One request. `at` is in seconds since the epoch; `status` is None until an answer begins; the key is masked."""

    at: float
    method: str
    path: str
    key: str | None
    raw: bytes
    status: int | None = None

    def described(self) -> dict[str, Any]:
        """Describes the call for the admin route; a body that is no JSON is given as text."""
        return {
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "key": self.key,
            "body": self._body(),
        }

    def _body(self) -> Any:
        if not self.raw:
            return None
        try:
            body = read_json(self.raw)
            json_bytes(body)
        except ValueError:
            return self.raw.decode(errors="replace")
        return body


class CallLog:
    """The latest calls: 10,000 of them, and 64 MiB of bodies; past that the oldest bodies go first."""

    def __init__(self) -> None:
        self._calls: deque[CallRecord] = deque()
        self._bodies: deque[CallRecord] = deque()
        self._bytes = 0

    def add(self, call: CallRecord) -> None:
        """Remembers a call."""
        self._calls.append(call)
        self._bodies.append(call)
        self._bytes += len(call.raw)
        while self._bodies and (len(self._bodies) > CALLS_KEPT or self._bytes > BODY_BYTES_KEPT):
            oldest = self._bodies.popleft()
            self._bytes -= len(oldest.raw)
            oldest.raw = b""
        while len(self._calls) > CALLS_KEPT:
            self._calls.popleft()

    def described(self) -> list[dict[str, Any]]:
        """Describes every call, the oldest first."""
        return [call.described() for call in self._calls]

    def paths(self, *, without: bytes | None = None) -> list[str]:
        """What was called, the oldest first, `without` the calls of this body; none is read as JSON for it."""
        return [call.path for call in self._calls if without is None or call.raw != without]

    def clear(self) -> int:
        """Forgets every call and says how many there were."""
        count = len(self._calls)
        self._calls.clear()
        self._bodies.clear()
        self._bytes = 0
        return count


class Recorder:
    """Middleware that reads a request's body, records the call, and fills in the status when the answer begins."""

    def __init__(self, app: ASGIApp, *, log: CallLog, clock: Callable[[], float]) -> None:
        self.app = app
        self.log = log
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; the admin routes are not recorded."""
        if scope["type"] != "http" or scope["path"].startswith("/sandbox"):
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            refusal = Refusal(400, f"The body has more than {BODY_BYTES_MOST} bytes.", code="body_too_large")
            await refuse(scope["path"], refusal)(scope, receive, send)
            return
        call = self._record(scope, body)

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
            await send(message)

        await self.app(scope, _replaying(body, receive), noting_send)

    def _record(self, scope: Scope, body: bytes) -> CallRecord:
        key = masked(presented_key(Headers(scope=scope), QueryParams(scope["query_string"])))
        call = CallRecord(self.clock(), scope["method"], scope["path"], key, body)
        self.log.add(call)
        return call


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MOST:
            return None
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def _replaying(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
