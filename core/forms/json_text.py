"""Finds the JSON in what a model wrote: bare, in a code block, among words, or behind tries that were rejected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from core.util.text import sound

MOST_DEEP = 64
"""Levels of nesting; what is deeper is not looked at."""
_MOST_STARTS = 200
"""Places at which a value is looked for and none begins; a text that has more is no answer."""
_BEGINS = re.compile(r"[\[{]")
_FENCED = re.compile(r"\s*```[A-Za-z0-9]*[ \t]*\n(.*)\n[ \t]*```\s*", re.DOTALL)


def value_in(text: str, fits: Callable[[Any], bool]) -> Any:
    """Find the value that a text holds: the text itself, else the last object or list in it that fits.

    The last one, as AIVAX may stream tries that it rejected before the one that it took. Where none fits, the last one
    that there is.

    Raises:
        ValueError: there is no JSON.
    """
    fenced = _FENCED.fullmatch(text)
    try:
        return _decoded(fenced[1] if fenced else text.strip())
    except ValueError:
        found = list(_values_in(text))
    if not found:
        raise ValueError("there is no JSON in it")
    return next((each for each in reversed(found) if fits(each)), found[-1])


def _values_in(text: str) -> Iterator[Any]:
    """All objects and lists that stand in a text, without those inside others."""
    at, failed = 0, 0
    while failed < _MOST_STARTS and (begins := _BEGINS.search(text, at)) is not None:
        at = begins.start()
        try:
            value, at = _DECODER.raw_decode(text, at)
            yield _bounded(value)
        except (ValueError, RecursionError):
            failed += 1
            at = max(at, begins.start() + 1)


def _decoded(text: str) -> Any:
    try:
        return _bounded(_DECODER.decode(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _bounded(value: Any, deep: int = 0) -> Any:
    """The value with texts that can be stored; one that is nested too deeply is none."""
    if deep > MOST_DEEP:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, list):
        return [_bounded(each, deep + 1) for each in value]
    if isinstance(value, dict):
        return {sound(name): _bounded(each, deep + 1) for name, each in value.items()}
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
