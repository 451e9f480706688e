"""Values of the domain, in a line each."""

from __future__ import annotations

import itertools

from aivax_bots.testing.clock import WallClock
from core.domain import Author, Command, Commanded, Identity, Place, Said

ANA = Author(Identity("fake", "W1", "ana"), "Ana")
BEN = Author(Identity("fake", "W1", "ben"), "Ben")
DIRECT = Place("fake", "W1", "D-ana", private=True)
CHANNEL = Place("fake", "W1", "general", "thread-1")

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
"""A picture of one point."""

__all__ = ["ANA", "BEN", "CHANNEL", "DIRECT", "PNG", "WallClock", "no_models", "reset", "said"]

_numbers = itertools.count(1)


def said(text: str = "hello", *, by: Author = ANA, at: Place = DIRECT, key: str = "", **more: object) -> Said:
    """A message; each one new unless it is given a key."""
    name = key or f"message-{next(_numbers)}"
    return Said((name,), by, at, text, address=f"{at.channel}/{name}", origin=name, **more)  # type: ignore[arg-type]


def reset(*, by: Author = ANA, at: Place = DIRECT) -> Commanded:
    """The command to start a new conversation."""
    name = f"command-{next(_numbers)}"
    return Commanded((name,), by, at, Command.RESET, address=f"{at.channel}/{name}")


async def no_models() -> list[str]:
    """What AIVAX lists: nothing."""
    return []
