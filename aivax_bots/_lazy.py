"""Packages whose names are looked up in their own modules when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any
from warnings import warn


def names_of(
    package: str, homes: Mapping[str, str], deprecated: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`.

    `homes` has the names, with blanks between them, by the module that each lives in; `deprecated` has those that go
    with a later version, and what each is called now: to look one up warns.
    """
    home_of = {name: home for home, names in homes.items() for name in names.split()}

    def look_up(name: str) -> Any:
        if now := deprecated.get(name):
            warn(f"{package}.{name} is now {package}.{now}", DeprecationWarning, stacklevel=2)
            return getattr(import_module(package), now)
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(home_of[name]), name)
        vars(import_module(package))[name] = found
        return found

    return look_up, lambda: sorted(home_of)
