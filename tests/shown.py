"""A message as its reader sees it, character by character: what the readers of every platform tell of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shown:
    """One character as a reader sees it."""

    character: str
    ways: frozenset[str] = frozenset()
    token: str = ""
    """The whole token, address or link that it belongs to."""
