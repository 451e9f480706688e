"""The part of JSON Schema that AIVAX obeys, and what in an operator's schema is none of it.

AIVAX documentation of October 2026, "Structured responses", names the keywords. Another one would be sent and change
nothing, so it is refused by name before the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.forms.formats import FORMATS
from core.forms.patterns import is_readable

Schema = Mapping[str, Any]
TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
MOST_DEEP = 16
ANNOTATIONS = frozenset({"type", "title", "description"})
"""They say what is meant, and refuse nothing."""
KEYWORDS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format", "enum"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "array": frozenset({"items", "uniqueItems", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required"}),
}
"""By the type that each is about; those of `number` are also those of `integer`."""


def problems_of(schema: object, at: str = "", deep: int = 0) -> Iterator[str]:
    """Say what AIVAX would not obey in a schema, or what is none: each as where, what, and how to mend it."""
    where = f"at {at}: " if at else ""
    if not isinstance(schema, Mapping):
        yield f"{where}write a JSON Schema: an object in braces"
        return
    if deep > MOST_DEEP:
        yield f"{where}it is nested more than {MOST_DEEP} levels deep: make it flatter"
        return
    types = types_of(schema)
    if wrong := [each for each in types if each not in TYPES]:
        yield f"{where}type {wrong[0]!r} is none of {', '.join(TYPES)}"
        return
    if not types:
        yield f"{where}type is missing: write one of {', '.join(TYPES)}"
        return
    for keyword, value in schema.items():
        if (problem := _problem(keyword, value, types)) is not None:
            yield f"{where}{problem}"
    yield from _inside(schema, at, deep)


def types_of(schema: Schema) -> tuple[Any, ...]:
    """The types that a value may have, as the schema lists them; empty where it says nothing of them."""
    told = schema.get("type")
    return tuple(told) if isinstance(told, list) else (told,) if told is not None else ()


def properties_of(schema: Schema) -> Mapping[str, Schema]:
    """What an object's schema says of each of its properties."""
    found: Mapping[str, Schema] = schema.get("properties") or {}
    return found


def _problem(keyword: str, value: object, types: tuple[str, ...]) -> str | None:
    if keyword in ANNOTATIONS:
        return None if keyword == "type" or isinstance(value, str) else f"{keyword} must be text"
    about = next((kind for kind, words in KEYWORDS.items() if keyword in words), None)
    if about is None:
        return f"AIVAX does not obey {keyword!r}: take it out"
    if about not in types and not (about == "number" and "integer" in types):
        return f"{keyword} means nothing for type {'/'.join(types)}: take it out"
    is_right, must = _RULES[keyword]
    return None if is_right(value) else f"{keyword} must be {must}"


def _inside(schema: Schema, at: str, deep: int) -> Iterator[str]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        for name, inner in properties.items():
            yield from problems_of(inner, f"{at}.{name}".lstrip("."), deep + 1)
        for name in schema.get("required") or ():
            if name not in properties:
                yield f"{f'at {at}: ' if at else ''}required names {name!r}, which properties has not"
    if "items" in schema:
        yield from problems_of(schema["items"], f"{at}[]", deep + 1)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _is_step(value: object) -> bool:
    return _is_number(value) and float(str(value)) > 0


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_COUNT: tuple[Callable[[object], bool], str] = (_is_count, "a whole number of 0 or more")
_NUMBER: tuple[Callable[[object], bool], str] = (_is_number, "a number")
_RULES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _COUNT),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    "multipleOf": (_is_step, "a number above 0"),
    "pattern": (
        is_readable,
        "a regular expression without look-around ((?=, (?<!) and references back (\\1)",
    ),
    "format": (lambda value: value in FORMATS, f"one of {', '.join(FORMATS)}"),
    "enum": (_are_texts, "a list of one text or more"),
    "items": (lambda value: isinstance(value, Mapping), "a JSON Schema, in braces"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "properties": (lambda value: isinstance(value, Mapping), "an object of JSON Schemas"),
    "required": (_are_names, "a list of names"),
}
