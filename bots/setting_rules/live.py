"""A value that is exchanged while others hold it: whoever reads it through its view reads the newest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Live(Generic[T]):
    """Holds a value. Whoever exchanges it does so between two steps of the loop, so nobody reads half of each."""

    def __init__(self, value: T) -> None:
        self.value = value

    @property
    def view(self) -> T:
        """What stands in for the value, wherever one is handed on and read later. Never a copy of anything in it."""
        return cast("T", _View(self))


class _View:
    """Has the attributes of the value that a `Live` holds just now, and goes through it where it is a sequence."""

    __slots__ = ("_live",)

    def __init__(self, live: Live[Any]) -> None:
        self._live = live

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live.value, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._live.value)

    def __len__(self) -> int:
        return len(self._live.value)

    def __bool__(self) -> bool:
        return bool(self._live.value)

    def __repr__(self) -> str:
        return repr(self._live.value)
