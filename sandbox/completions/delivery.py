"""Sends an answer: at its pace, with pings in its silences, and only as far as a fault lets it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from sandbox.completions.stream import PINGS, Frame
from sandbox.faults import Act, Move
from sandbox.state import State

_GROUPED_FRAMES = 32


async def while_connected(receive: Receive, work: Coroutine[None, None, None]) -> None:
    """Does the work, and stops it when the client leaves."""
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(work)
        watcher = group.create_task(_departure(receive))
        await asyncio.wait((worker, watcher), return_when=asyncio.FIRST_COMPLETED)
        worker.cancel()
        watcher.cancel()


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


@dataclass
class Delivery:
    """An ASGI response that sends moves one after the other.

    `settle` is called once, with the tokens sent so far: before the first final frame, or when the client is gone.
    `apart` sends every frame on its own, also when it could go with the next ones.
    """

    state: State
    moves: Iterable[Move]
    headers: Mapping[str, str]
    settle: Callable[[int], None] = lambda _tokens: None
    pings: bool = False
    apart: bool = False
    silent: bool = False
    """Not even the headers are sent."""
    hold_s: float = 0.0
    """How long the headers are held back."""
    _sent_tokens: int = field(default=0, init=False)
    _settled: bool = field(default=False, init=False)
    _group: list[bytes] = field(default_factory=list, init=False)
    _next_ping: float = field(default=0.0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request."""
        try:
            await while_connected(receive, self._deliver(scope, send))
        finally:
            self._settle()

    async def _deliver(self, scope: Scope, send: Send) -> None:
        if self.silent:
            await _forever()
        await asyncio.sleep(self.hold_s)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self._next_ping = asyncio.get_running_loop().time() + self.state.ping_interval_s
        first = True
        for move in self.moves:
            if isinstance(move, Act):
                await self._flush(send)
                await self._act(move, scope)
            else:
                await self._put(move, send, alone=first or self.apart)
            first = False
        await send({"type": "http.response.body", "body": b"".join(self._group)})

    async def _act(self, act: Act, scope: Scope) -> None:
        if act is Act.DROP:
            self.state.drop(scope["client"])
        await _forever()

    async def _put(self, frame: Frame, send: Send, *, alone: bool) -> None:
        pace = self.state.tokens_per_s
        wait_s = frame.wait_s + (frame.tokens / pace if pace > 0 else 0.0)
        if wait_s > 0:
            await self._flush(send)
            await self._rest(wait_s, send)
        if frame.final:
            self._settle()
        self._group.append(frame.data)
        self._sent_tokens += frame.tokens
        if alone or wait_s > 0 or len(self._group) >= _GROUPED_FRAMES:
            await self._flush(send)

    async def _flush(self, send: Send) -> None:
        if self._group:
            await send({"type": "http.response.body", "body": b"".join(self._group), "more_body": True})
            self._group.clear()
            await asyncio.sleep(0)

    async def _rest(self, seconds: float, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        while self.pings and self._next_ping < until:
            await asyncio.sleep(self._next_ping - clock())
            await send({"type": "http.response.body", "body": PINGS[self.state.ping], "more_body": True})
            self._next_ping = clock() + self.state.ping_interval_s
        await asyncio.sleep(until - clock())

    def _settle(self) -> None:
        if not self._settled:
            self._settled = True
            self.settle(self._sent_tokens)


async def _forever() -> None:
    await asyncio.Event().wait()
