"""What all readers of Discord's payloads share: fields that may be missing or of a wrong type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.util.text import sound

LONGEST_ID = 20
LONGEST_TEXT = 10_000
"""Discord's longest are 6,000, of a command's option, and 4,096, of an embed's description."""
MOST_ITEMS = 300
"""Discord's longest list in a message is that of its author's roles: a server has 250."""


LABEL = "pressed_label"
"""Among what an interaction tells, where we put what stands on the button that was pressed."""


def text_of(given: Any, name: str) -> str:
    """A field that should be text, which can be stored and sent; `""` where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return sound(value[:LONGEST_TEXT]) if isinstance(value, str) else ""


def line_of(given: Any, name: str) -> str:
    """A field that should be a name or a label, as one line of text."""
    return " ".join(text_of(given, name).split())


def part_of(given: Any, name: str) -> Mapping[str, Any]:
    """A field that should be an object; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def list_of(given: Any, name: str) -> list[Any]:
    """A field that should be a list, as far as one is read; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value[:MOST_ITEMS] if isinstance(value, list) else []


def parts_of(given: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list; what else stands in it is left out."""
    return [each for each in list_of(given, name) if isinstance(each, Mapping)]


def number_of(given: Any, name: str, default: int = 0) -> int:
    """A field that should be a whole number; `default` where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def id_of(given: Any, name: str) -> int:
    """A field that should be an id, which comes as digits in a string; 0 where it is none."""
    return as_id(given.get(name)) if isinstance(given, Mapping) else 0


def as_id(value: object) -> int:
    """Read an id; 0 where it is none."""
    if isinstance(value, int):
        return value if 0 < value < 2**64 and not isinstance(value, bool) else 0
    if isinstance(value, str) and len(value) <= LONGEST_ID and value.isascii() and value.isdigit():
        return int(value)
    return 0
