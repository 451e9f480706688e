"""What a filter can ask of a document, and how the service compares: without case, accents and conversions of types."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
PARTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda whole, part: part in whole,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter can ask of a document; times are aware."""

    name: str
    content: str
    tags: Sequence[str]
    created_at: datetime
    updated_at: datetime
    metadata: Mapping[str, Any]


def plain(text: str) -> str:
    """A text as it is compared: without case and accents."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def is_number(value: object) -> bool:
    """Tells whether a value is a number; `true` and `false` are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(value: object, wanted: Sequence[object]) -> bool:
    """Tells whether a value is one of these."""
    return any(_equal(value, each) for each in wanted)


def _equal(value: object, wanted: object) -> bool:
    """Compares without converting a type."""
    if isinstance(value, str) and isinstance(wanted, str):
        return plain(value).rstrip() == plain(wanted).rstrip()
    if is_number(value) and is_number(wanted):
        return value == wanted
    return type(value) is type(wanted) and value == wanted


def holds(value: object, wanted: Sequence[object]) -> bool:
    """Tells whether a value is a list that holds one of these."""
    return isinstance(value, list) and any(same(each, wanted) for each in value)
