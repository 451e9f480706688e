"""The frontends of this distribution, without those of `frontends/`, which are packages of their own."""

from __future__ import annotations

from bots.entry_points import found
from bots.frontends import Plugin, installed


def shipped() -> dict[str, Plugin]:
    """Each by its name."""
    own = {entry.name for entry in found() if entry.value.startswith("bots.")}
    return {name: plugin for name, plugin in installed().items() if name in own}
