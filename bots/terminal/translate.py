"""A typed line becomes an event."""

from __future__ import annotations

from core.domain.messages import Author, Commanded, Identity, Place, Said
from core.i18n.commands import spoken_command

PLATFORM = "console"


def translate(line: str, *, user: str, key: str) -> Said | Commanded | None:
    """What the person at the terminal said or ordered; None for an empty line. `key` names the line for good."""
    text = line.strip()
    if not text:
        return None
    author = Author(Identity(PLATFORM, "", user), name=user)
    place = Place(PLATFORM, "", "terminal", private=True)
    command = spoken_command(text)
    if command is not None:
        return Commanded((key,), author, place, command, address=key)
    return Said((key,), author, place, text, address=key, origin=key)
