"""An event loop whose time jumps: nobody waits for seconds, and what must take five takes five to the tick."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.SelectSelector):
    """Looks at what is ready, and lets the time pass for which the loop would sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "it waits for something that will never happen"
            self.now += max(timeout, 0.0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Selector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


def skipping(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Do some work; return what came of it, and how many seconds it took."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        done = runner.run(work)
        return done, runner.get_loop().time()
