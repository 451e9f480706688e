"""What libraries import beside what is used of them costs every start time, and every process memory."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Let modules appear not to be installed while a library is imported that takes them where it finds them.

    Those that are imported already stay; afterwards they can be imported as ever.
    """
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: its import fails (importlib's docs)
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


class Later:
    """Modules that are imported when what needs them is first asked for: in a thread, so that no loop is held up."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self._is_done = False

    async def imported(self) -> None:
        """Wait until all of them are; whoever asks first begins."""
        if not self._is_done:
            await asyncio.to_thread(self._import)

    def _import(self) -> None:
        for name in self._names:
            import_module(name)
        self._is_done = True


def put_off(package: str, *parts: str) -> None:
    """Import a package without some of its modules: they are imported when one of their names is asked for.

    The package must need those names for nothing but to offer them. Where it is imported already, nothing is done.
    """
    if package in sys.modules:
        return
    stand_ins = {f"{package}.{part}": _StandIn(part) for part in parts}
    sys.modules.update(stand_ins)
    try:
        imported = import_module(package)
    finally:
        for name in stand_ins:
            del sys.modules[name]
    for name, value in [*vars(imported).items()]:
        if value is _PUT_OFF or value in stand_ins.values():
            delattr(imported, name)

    def find(name: str) -> Any:
        modules = (import_module(f"{package}.{part}") for part in parts)
        found = next(
            (each for each in modules if name in (*vars(each), each.__name__.rpartition(".")[2])), None
        )
        if found is None or name.startswith("__"):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(found, name, found)

    imported.__getattr__ = find  # type: ignore[method-assign]  # a module's own (PEP 562)


_PUT_OFF = object()


class _StandIn(ModuleType):
    """Has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _PUT_OFF
