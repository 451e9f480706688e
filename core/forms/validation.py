"""Whether a value fits a schema. The schema is one that `core.forms.schema` found nothing against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import Any

from core.forms.formats import fits_format
from core.forms.patterns import matches
from core.forms.schema import Schema, properties_of, types_of

MOST_FAULTS = 5
_PATTERN_CHARS = 10_000
"""A regular expression is not run over a longer text: it fits none."""


def faults_of(value: object, schema: Schema) -> list[str]:
    """Say where a value does not fit, and what is asked for there: the first few; empty where it fits."""
    return list(islice(_faults(value, schema, "the answer"), MOST_FAULTS))


def _faults(value: object, schema: Schema, at: str) -> Iterator[str]:
    types = types_of(schema)
    if types and not any(_IS[kind](value) for kind in types):
        yield f"{at} is no {' or '.join(types)}"
        return
    if isinstance(value, str):
        yield from _text_faults(value, schema, at)
    elif isinstance(value, list):
        yield from _list_faults(value, schema, at)
    elif isinstance(value, Mapping):
        yield from _object_faults(value, schema, at)
    elif _is_number(value):
        yield from _number_faults(value, schema, at)


def _text_faults(value: str, schema: Schema, at: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"{at} has fewer than {schema['minLength']} characters"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{at} has more than {schema['maxLength']} characters"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of {', '.join(schema['enum'])}"
    pattern = schema.get("pattern")
    if pattern is not None and (len(value) > _PATTERN_CHARS or not matches(pattern, value)):
        yield f"{at} does not match {pattern}"
    if "format" in schema and not fits_format(schema["format"], value):
        yield f"{at} is no {schema['format']}"


def _number_faults(value: Any, schema: Schema, at: str) -> Iterator[str]:
    for keyword, (is_broken, what) in _BOUNDS.items():
        if keyword in schema and is_broken(value, schema[keyword]):
            yield f"{at} is {what} {schema[keyword]}"
    step = schema.get("multipleOf")
    if step is not None and not _is_multiple(value, step):
        yield f"{at} is no multiple of {step}"


def _list_faults(value: list[Any], schema: Schema, at: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield f"{at} has fewer than {schema['minItems']} items"
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{at} has more than {schema['maxItems']} items"
    if schema.get("uniqueItems") and len({_key(each) for each in value}) < len(value):
        yield f"{at} has the same item twice"
    if "items" in schema:
        for number, each in enumerate(value, 1):
            yield from _faults(each, schema["items"], f"item {number} of {at}")


def _object_faults(value: Mapping[str, Any], schema: Schema, at: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{name} of {at} is missing"
    for name, inner in properties_of(schema).items():
        if name in value:
            yield from _faults(value[name], inner, f"{name} of {at}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    """JSON has one kind of number: 3.0 is whole."""
    return _is_number(value) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _is_multiple(value: float, step: float) -> bool:
    """In fractions: 0.3 is a multiple of 0.1, which binary numbers deny."""
    return Fraction(str(value)) % Fraction(str(step)) == 0


def _key(value: object) -> object:
    """What makes two values the same in JSON: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return type(value).__name__, value
    if isinstance(value, list):
        return "list", tuple(map(_key, value))
    if isinstance(value, Mapping):
        return "object", frozenset((name, _key(each)) for name, each in value.items())
    return "number", value


_BOUNDS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (lambda value, bound: value < bound, "less than"),
    "maximum": (lambda value, bound: value > bound, "more than"),
    "exclusiveMinimum": (lambda value, bound: value <= bound, "not above"),
    "exclusiveMaximum": (lambda value, bound: value >= bound, "not below"),
}
_IS: Mapping[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": _is_whole,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
    "null": lambda value: value is None,
}
