"""A server for the AIVAX client's tests that never leaves the process: it answers from a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from core.aivax.client import AivaxClient
from core.aivax.request import ChatMessage, CompletionRequest
from core.aivax.stream.events import Text, Thinking, TimelineEvent
from core.aivax.transport import httpx
from core.settings import AivaxSettings

KEY = "sk-aiv-acc-0123456789abcdef"
PROMPT = "my secret plan to paint the harbour blue"
UUID = "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3"
HANG = object()
"""In a body: from here on nothing comes, for ever."""


@dataclass(frozen=True)
class Pause:
    """In a body: so long nothing comes."""

    seconds: float


QUESTION = CompletionRequest(
    (ChatMessage("user", PROMPT),), user="person-1.p", idempotency_key="turn-7", metadata={"platform": "x"}
)


def settings(**changes: Any) -> AivaxSettings:
    return AivaxSettings(**{"api_key": KEY, "model": "name:50c3", **changes})


def event(**fields: Any) -> bytes:
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": fields, "finish_reason": finish_reason}])


def tool(**fields: Any) -> bytes:
    return event(choices=[], servertool=fields)


def said(*texts: str) -> list[bytes]:
    """A whole answer that says these texts."""
    return [*(delta(content=text) for text in texts), delta("stop"), b"data: [DONE]\n\n"]


class _Body(httpx.AsyncByteStream):
    def __init__(self, pieces: Sequence[object]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if piece is HANG:
                await asyncio.Event().wait()  # no deadline: a server that hangs
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, Pause):
                await asyncio.sleep(piece.seconds)
                continue
            assert isinstance(piece, bytes)
            yield piece


def reply(*pieces: object, status: int = 200, **headers: str) -> httpx.Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=fields, stream=_Body(pieces))


def refusal(status: int, code: str = "", message: str = "no", **headers: str) -> httpx.Response:
    body = {"error": {"message": message, "type": "t", "param": None, "code": code or None}}
    return reply(json.dumps(body).encode(), status=status, **headers)


def document(value: object, status: int = 200) -> httpx.Response:
    return reply(json.dumps(value).encode(), status=status)


class Scripted(httpx.AsyncBaseTransport):
    """Gives its answers one after another and keeps what it was asked; `HANG` never answers."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append(request)
        assert self._answers, f"not expected: {request.method} {request.url.path}"
        answer = self._answers.pop(0)
        if answer is HANG:
            await asyncio.Event().wait()  # no deadline: a server that hangs
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, httpx.Response)
        answer.request = request
        return answer

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.asked]

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.asked]


class Clockwork:
    """A sleep that takes no time and remembers."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def client(
    server: httpx.AsyncBaseTransport | None, clock: Clockwork | None = None, now: float = 0.0, **changes: Any
) -> AivaxClient:
    """Build a client without jitter whose pauses take no time."""
    sleep = (clock or Clockwork()).sleep
    return AivaxClient(
        settings(**changes), transport=server, now=lambda: now, sleep=sleep, jitter=lambda: 1.0
    )


async def answer_of(aivax: AivaxClient, question: CompletionRequest = QUESTION) -> list[TimelineEvent]:
    async with aivax, aclosing(aivax.complete(question)) as events:
        return [each async for each in events]


def text_of(events: Sequence[TimelineEvent]) -> str:
    return "".join(each.delta for each in events if isinstance(each, Text))


def joined(events: Iterable[TimelineEvent]) -> list[TimelineEvent]:
    """The same events, what is said or thought in one go as one: in how many pieces depends on how it was read."""
    found: list[TimelineEvent] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, Text) and isinstance(last, Text):
            found[-1] = Text(last.delta + event.delta)
        elif isinstance(event, Thinking) and isinstance(last, Thinking):
            found[-1] = Thinking(last.delta + event.delta)
        else:
            found.append(event)
    return found
