"""Where frontends are found: the entry points of the installed packages. None is imported: `--help` is fast."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

GROUP = "aivax_bots.frontends"


def found() -> list[EntryPoint]:
    """The entry points of the installed frontends: ours, and then those of other packages, each by name.

    So that a further one changes none of the numbers by which `init` asks.
    """
    return sorted(
        entry_points(group=GROUP), key=lambda entry: (not entry.value.startswith("bots."), entry.name)
    )


def names() -> tuple[str, ...]:
    """The names of the installed frontends; none of them is imported for it."""
    return tuple(entry.name for entry in found())
