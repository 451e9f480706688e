"""A surface that passes on: what changes a single step of an answer builds on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import ParamSpec, Self

from core.domain.messages import Apology, Button, Footer, Status
from core.domain.ports import ReplySurface

P = ParamSpec("P")


class ForwardingSurface:
    """A `ReplySurface` that passes each step on to another one."""

    def __init__(self, inner: ReplySurface) -> None:
        self._inner = inner

    async def __aenter__(self) -> Self:
        await self._forward(self._inner.__aenter__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._forward(self._inner.__aexit__, kind, error, trace)

    async def write(self, delta: str) -> None:
        await self._forward(self._inner.write, delta)

    async def note(self, status: Status) -> None:
        await self._forward(self._inner.note, status)

    async def offer(self, buttons: Sequence[Button]) -> None:
        await self._forward(self._inner.offer, buttons)

    async def pause(self) -> None:
        await self._forward(self._inner.pause)

    async def finish(self, footer: Footer) -> None:
        await self._forward(self._inner.finish, footer)

    async def fail(self, apology: Apology) -> None:
        await self._forward(self._inner.fail, apology)

    async def _forward(self, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Take one step; what is to happen around every step belongs here."""
        await step(*args, **kwargs)
