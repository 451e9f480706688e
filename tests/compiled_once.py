"""Statements of the tests are compiled once a process, not once an engine: that takes longer than most of them run.

Each test opens databases of its own, and SQLAlchemy keeps what it compiled with the engine: the tests compiled the same
few hundred statements again and again. What is compiled depends on the kind of database alone, since all engines here
are made alike.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import LRUCache

from core.storage.db import engine as sqlite_engine
from core.storage.db.postgresql import server as postgresql_engine

_COMPILED: LRUCache[Any, Any] = LRUCache(2_000)


class _Shared(MutableMapping[Any, Any]):
    """An engine's view of what all have compiled: its keys begin with the engine's own dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._kind = type(dialect)

    def __getitem__(self, key: Any) -> Any:
        return _COMPILED[self._shared(key)]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        _COMPILED[self._shared(key)] = compiled

    def __delitem__(self, key: Any) -> None:
        del _COMPILED[self._shared(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(_COMPILED)

    def __len__(self) -> int:
        return len(_COMPILED)

    def _shared(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._kind, *key[1:])


@contextmanager
def compiled_once() -> Iterator[None]:
    """Give every engine that is made inside the same compiled statements."""
    make = sqlite_engine.create_async_engine

    def make_sharing(*args: Any, **options: Any) -> AsyncEngine:
        engine = make(*args, **options)
        engine.sync_engine.update_execution_options(compiled_cache=_Shared(engine.dialect))
        return engine

    with pytest.MonkeyPatch.context() as patch:
        for module in (sqlite_engine, postgresql_engine):
            patch.setattr(module, "create_async_engine", make_sharing)
        yield
