"""How a locale tells that a person chose it: by a subtag for private use (RFC 5646, 2.2.7), which travels with it."""

from __future__ import annotations

CHOSEN = "-x-own"


def as_chosen(locale: str) -> str:
    """Mark a locale as a person's own choice; `""` stays as it is."""
    return f"{locale}{CHOSEN}" if locale else ""


def is_chosen(locale: str) -> bool:
    """Whether a person chose it, and their platform did not only tell it."""
    return locale.endswith(CHOSEN)
