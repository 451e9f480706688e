"""Waiting for something to become true, without polling."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Bell:
    """Rings at every change of the fake's state and wakes all who wait."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def until(self, predicate: Callable[[], T], timeout_s: float, describe: Callable[[], str]) -> T:
        """Returns the predicate's value as soon as a change makes it true.

        Raises AssertionError with `describe()` after `timeout_s` real seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not (value := predicate()):
                    await self._rung.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s} s; {describe()}") from None
