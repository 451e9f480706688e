"""Typed options of a capability, and how people write them: `ticket title="Broken lamp" floor=3`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from core.domain.translator import Sentence

OptionKind = Literal["text", "integer", "number", "boolean", "choice", "date"]
"""What may be written there; a `date` is one of the calendar, as ISO 8601 writes it: `2026-12-31`."""
_NEEDS_QUOTES = re.compile(r'[\s"“”\\]|^$')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED = r'"(?P<quoted>(?:[^"\\]|\\.|\\\Z)*)(?:"|\Z)|“(?P<curly>[^”]*)(?:”|\Z)|(?P<bare>\S*)'


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that is told with a capability's word. Its name and help are the operator's own words, or the bot's."""

    name: str
    """At most 32 characters of [a-z0-9_], as every platform takes them."""
    help: str = ""
    """What is to be written there, in one line."""
    kind: OptionKind = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    """What a `choice` may be."""
    least: float | None = None
    """The smallest number, or the fewest characters of a text."""
    most: float | None = None
    """The largest, or the most."""
    sentence: Sentence | None = None
    """What `help` says, in every language, where it is the bot's own words."""


@dataclass(frozen=True, slots=True)
class WrittenOptions:
    """What was written of options, as it was written."""

    named: Mapping[str, str]
    """By the option's name; of one that was written twice, the last."""
    rest: str
    """All words that belong to none."""


def write_options(values: Mapping[str, object]) -> str:
    """Write values in the form that `read_options` reads: what a platform has asked for one by one becomes words."""
    return " ".join(f"{name}={_written(value)}" for name, value in values.items())


def read_options(text: str, names: Collection[str]) -> WrittenOptions:
    """Take `name=value` and `name="some value"` out of a text, wherever they stand in it.

    Only the given names count, in small letters or large: `a=b` is text where no option is named `a`. Quotes that are
    not closed hold all that follows.
    """
    if not names:
        return WrittenOptions({}, text.strip())
    known = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    pattern = re.compile(rf"(?<!\S)(?P<name>{known})=(?:{_QUOTED})", re.IGNORECASE | re.DOTALL)
    named = {found["name"].lower(): _value(found) for found in pattern.finditer(text)}
    rest = pattern.sub(" ", text) if named else text
    return WrittenOptions(named, rest.strip())


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return _ESCAPED.sub(r"\1", found["quoted"])
    return found["curly"] if found["curly"] is not None else found["bare"]
