"""Regular expressions of operators, run by an engine whose time grows with the text's length alone.

The engine is Rust's `regex`, which pydantic brings along: docs/decisions/0042-regular-expressions-of-operators.md. It
has no look-around and no references back, which are what makes others take for ever.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema


def is_readable(pattern: object) -> bool:
    """Whether the engine can run it."""
    if not isinstance(pattern, str):
        return False
    try:
        _validator(pattern)
    except SchemaError:
        return False
    return True


def matches(pattern: str, text: str) -> bool:
    """Whether any part of a text fits; of one whose every part must, the pattern says so by `^` and `$`."""
    try:
        _validator(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(256)
def _validator(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
