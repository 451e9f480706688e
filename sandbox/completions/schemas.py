"""Makes up values that obey a JSON Schema, as far as AIVAX does: the same schema and question always give the same."""

import math
import re
from collections.abc import Mapping
from typing import Any

from sandbox.completions import texts
from sandbox.wire import is_number

MOST_ROWS = 1_000
_MOST_CHARS = 100_000
_DEEPEST = 24
_FORMATS: Mapping[str, str] = {
    "date": "2026-01-31",
    "time": "12:30:00Z",
    "date-time": "2026-01-31T12:30:00Z",
    "email": "somebody@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/1",
    "uuid": "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
_TRIED = ("text", "Text", "TEXT", "AB-123", "ABC-123", "A1", "a-b", "2026-01-31", "12:30", "1.50", "#1")
"""Tried, with runs of letters and digits, where a pattern is asked for; one that none matches gets the text."""


def obeying(schema: Mapping[str, Any], text: str, *, rows: int = 1) -> Any:
    """Makes up a value; texts in it are `text`, lists have `rows` items where the schema lets them."""
    return _value(schema, text, rows, 0, 0)


def broken(value: str) -> str:
    """Writes JSON as a model does that was cut off in the middle of it."""
    return value[: max(1, len(value) * 2 // 3)]


def _value(schema: object, text: str, rows: int, number: int, deep: int) -> Any:
    if not isinstance(schema, dict) or deep > _DEEPEST:
        return text
    if not schema.keys().isdisjoint(("const", "examples", "$ref", "anyOf", "oneOf", "allOf")):
        return texts.sample(schema, text)
    match _type(schema):
        case "object":
            return _object(schema, text, rows, number, deep)
        case "array":
            return _array(schema, text, rows, deep)
        case "number" | "integer" as kind:
            return _number(schema, number, whole=kind == "integer")
        case "boolean":
            return number % 2 == 0
        case "null":
            return None
    return _text(schema, text, number)


def _type(schema: Mapping[str, Any]) -> object:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    named = [each for each in kind if each != "null"] or kind if isinstance(kind, list) else [kind]
    return named[0] if named and isinstance(named[0], str) else "string"


def _object(schema: Mapping[str, Any], text: str, rows: int, number: int, deep: int) -> dict[str, Any]:
    properties = schema.get("properties")
    inner = properties if isinstance(properties, dict) else {}
    return {name: _value(each, text, rows, number, deep + 1) for name, each in inner.items()}


def _array(schema: Mapping[str, Any], text: str, rows: int, deep: int) -> list[Any]:
    least, most = _count(schema, "minItems", 0), _count(schema, "maxItems", MOST_ROWS)
    count = min(max(rows, least), most, MOST_ROWS)
    return [_value(schema.get("items"), text, 1 if deep else rows, each, deep + 1) for each in range(count)]


def _number(schema: Mapping[str, Any], number: int, *, whole: bool) -> float:
    told: Any = schema.get("multipleOf")
    step: float = told if is_number(told) and told > 0 else 1
    step = math.ceil(step) if whole and step != int(step) else step
    least = _bound(schema, "minimum", "exclusiveMinimum", step)
    most = _bound(schema, "maximum", "exclusiveMaximum", -step)
    first = least if least is not None else min(1, most) if most is not None else 1
    first = math.ceil(first / step) * step if "multipleOf" in schema or whole else first
    count = 1 + max(0, math.floor((most - first) / step)) if most is not None else MOST_ROWS
    value = first + (number % count) * step
    return int(value) if whole else value


def _bound(schema: Mapping[str, Any], closed: str, opened: str, step: float) -> float | None:
    if is_number(schema.get(closed)) and abs(schema[closed]) < 2**53:
        return float(schema[closed])
    if is_number(schema.get(opened)) and abs(schema[opened]) < 2**53:
        return float(schema[opened]) + step
    return None


def _text(schema: Mapping[str, Any], text: str, number: int) -> Any:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[number % len(choices)]
    if isinstance(schema.get("format"), str) and schema["format"] in _FORMATS:
        return _FORMATS[schema["format"]]
    least, most = _count(schema, "minLength", 0), _count(schema, "maxLength", _MOST_CHARS)
    behind = f" {number + 1}" if number else ""
    said = (text[: max(0, most - len(behind))] + behind).ljust(min(least, _MOST_CHARS), ".")[:most]
    return _matching(schema.get("pattern"), said, least, most)


def _matching(pattern: object, said: str, least: int, most: int) -> str:
    if not isinstance(pattern, str) or len(pattern) > 200:
        return said
    try:
        wanted = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return said
    runs = [sign * length for length in range(13) for sign in ("1", "a", "A")]
    tried = (said, *_TRIED, *runs)
    return next((each for each in tried if least <= len(each) <= most and wanted.search(each)), said)


def _count(schema: Mapping[str, Any], name: str, default: int) -> int:
    value = schema.get(name)
    return value if isinstance(value, int) and is_number(value) and value >= 0 else default
