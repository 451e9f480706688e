"""Reads and writes JSON as bytes, strictly: no NaN, and half a surrogate pair survives the way back."""

import json
from typing import Any


def json_bytes(value: object) -> bytes:
    """Writes a value as UTF-8 JSON; text that is not valid Unicode goes out escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def read_json(raw: bytes) -> Any:
    """Reads JSON; raises `ValueError` for anything that is not, NaN and bottomless nesting included."""
    try:
        return json.loads(raw, parse_constant=_no_constant)
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def is_number(value: object) -> bool:
    """Tells whether a JSON value is a number; `true` and `false` are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
