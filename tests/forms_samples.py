"""Forms in a line each, and schemas of every kind."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from core.forms.settings import FormSettings

TICKET: dict[str, Any] = {
    "name": "ticket",
    "description": "Make a ticket of a complaint",
    "prompt": "A complaint from floor {floor}: {text}",
    "inputs": [
        {"name": "text", "help": "What the complaint says", "least": 3, "most": 200},
        {"name": "floor", "help": "Where it is", "kind": "integer", "least": 1, "most": 9, "required": False},
    ],
    "result": {
        "type": "object",
        "properties": {
            "title": {"type": "string", "title": "What is wrong"},
            "urgent": {"type": "boolean"},
            "level": {"type": "integer", "minimum": 3},
        },
        "required": ["title", "urgent"],
    },
}
LIST: dict[str, Any] = {
    "name": "parts",
    "description": "List the parts of a thing",
    "prompt": "List the parts of {thing}",
    "inputs": [{"name": "thing", "help": "What to take apart"}],
    "result": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
            "required": ["name", "count"],
        },
    },
}


def form(base: dict[str, Any] = TICKET, **changes: Any) -> FormSettings:
    return FormSettings.model_validate({**base, **changes})


def counts(most: int) -> st.SearchStrategy[dict[str, int]]:
    """A least and a most, in their order, each of which may be missing."""
    return st.tuples(st.integers(0, most), st.integers(0, most), st.sampled_from(range(4))).map(_bounds)


def _bounds(drawn: tuple[int, int, int]) -> dict[str, int]:
    one, other, which = drawn
    ordered = {"least": min(one, other), "most": max(one, other)}
    return {name: value for bit, (name, value) in enumerate(ordered.items()) if which >> bit & 1}


def _named(least: str, most: str, found: dict[str, int]) -> dict[str, int]:
    names = {"least": least, "most": most}
    return {names[name]: value for name, value in found.items()}


texts = st.one_of(
    counts(20).map(lambda found: {"type": "string", **_named("minLength", "maxLength", found)}),
    st.lists(st.text(max_size=5), min_size=1, max_size=3).map(lambda each: {"type": "string", "enum": each}),
    st.sampled_from(["date", "time", "date-time", "email", "uri", "uuid", "ipv4", "ipv6"]).map(
        lambda name: {"type": "string", "format": name}
    ),
    st.sampled_from([r"^[A-Z]{3}$", r"^\d{2,4}$", r"^AB-\d+$", "[a-z]"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    ),
)
numbers = st.one_of(
    st.builds(
        lambda kind, found: {"type": kind, **_named("minimum", "maximum", found)},
        st.sampled_from(["number", "integer"]),
        counts(50),
    ),
    st.integers(1, 9).map(lambda step: {"type": "integer", "multipleOf": step, "minimum": 0, "maximum": 100}),
    st.integers(1, 9).map(lambda bound: {"type": "integer", "exclusiveMinimum": bound}),
)
others = st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]}])


def _nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    arrays = st.builds(
        lambda items, found: {"type": "array", "items": items, **_named("minItems", "maxItems", found)},
        inner,
        counts(4),
    )
    objects = st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=4).map(
        lambda each: {"type": "object", "properties": each, "required": list(each)}
    )
    return arrays | objects


schemas = st.recursive(texts | numbers | others, _nested, max_leaves=8)
"""Schemas of which AIVAX obeys every word, and which some value fits."""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
