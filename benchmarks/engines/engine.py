"""What each job queue is asked to do: carry a key from a transaction of ours to one of several workers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Protocol

import psycopg

ENGINES = ("rows", "procrastinate", "pgqueuer", "dbos", "awa")
QUEUE = "bench"
Done = Callable[[str], None]


class Engine(Protocol):
    """A job queue as its own documentation has it used, with its defaults but for what is said beside them."""

    async def install(self, url: str) -> None:
        """Put its tables into an empty database."""

    async def enqueue(self, connection: psycopg.AsyncConnection[Any], key: str) -> None:
        """Enqueue a job inside the transaction of that connection; at most one waits for a key, where it can."""

    async def work(self, url: str, done: Done) -> None:
        """Run jobs until cancelled: each calls `done` with its key."""


def engine_of(name: str) -> Engine:
    """The engine of that name; its library is imported here."""
    engine: Engine = importlib.import_module(f"benchmarks.engines.{name}_engine").engine
    return engine
