"""Where frontends are found: the entry points of the installed packages. None is imported: `--help` is fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "aivax_bots.frontends"


def found() -> list[EntryPoint]:
    """The entry points of the installed frontends: ours, and then those of other packages, each by name.

    So that a further one changes none of the numbers by which `init` asks.
    """
    from importlib.metadata import entry_points  # a tenth of `run --help`, which lists none

    return sorted(
        entry_points(group=GROUP), key=lambda entry: (not entry.value.startswith("bots."), entry.name)
    )


def names() -> tuple[str, ...]:
    """The names of the installed frontends; none of them is imported for it."""
    return tuple(entry.name for entry in found())
