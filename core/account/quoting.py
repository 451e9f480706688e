"""Names that servers and people gave, as they stand in a message."""

from __future__ import annotations

from core.util.text import shorten

NAME_CHARS = 80


def code(name: str, most_chars: int = NAME_CHARS) -> str:
    """A name between backticks, on one line: nothing in it can mean anything else than itself."""
    plain = " ".join(name.replace("`", "'").split())
    return f"`{shorten(plain, most_chars)}`" if plain else "`?`"
