"""Small helpers for text that people read."""

from __future__ import annotations


def shorten(text: str, most_chars: int) -> str:
    """Cut a text to `most_chars`, with an ellipsis for its last one where something was cut off."""
    return text if len(text) <= most_chars else f"{text[: most_chars - 1].rstrip()}…"
