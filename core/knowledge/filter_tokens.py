"""Cuts a document filter into tokens, placeholders among them.

AIVAX documentation of October 2026, "Document Filters". A placeholder such as `{workspace}` stands in place of a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "text", "number", "date", "sign", "placeholder", "end"]

MOST_CHARS = 2_048
MOST_VALUE_CHARS = 256
PLACEHOLDERS = ("platform", "workspace", "channel", "person")
_TOKEN = re.compile(
    r"""(?ix)
    \s+
  | (?P<placeholder>\{[^{}]*\})
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<date>now\b(?:\s*[+-]\s*\d{1,6}\s*(?:mo|[mhdwy])\b)?)
  | (?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]))
  | (?P<word>[a-z_][\w-]*)
  | (?P<sign><=|>=|!=|[=<>().,])
    """,
    re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\"'\\/nrt]|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_PLACEHOLDER_IN_TEXT = re.compile(rf"\{{(?:{'|'.join(PLACEHOLDERS)})\}}")


class FilterWrong(ValueError):
    """A filter that AIVAX would refuse, or that would be another boundary than it looks like; `at` counts from 0."""

    def __init__(self, problem: str, at: int) -> None:
        super().__init__(f"{problem} (at {at})")


@dataclass(frozen=True, slots=True)
class Token:
    """One piece. `value` is what a text means, or a placeholder's name."""

    kind: Kind
    text: str
    at: int
    value: str = ""


def tokens_of(text: str) -> list[Token]:
    """Cut a filter into tokens, the last of which is its end.

    Raises:
        FilterWrong: something is no token, a text is too long, or a placeholder is unknown or stands in quotes.
    """
    if len(text) > MOST_CHARS:
        raise FilterWrong(f"it has more than {MOST_CHARS} characters", MOST_CHARS)
    return [*_tokens(text), Token("end", "", len(text))]


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterWrong(f"{text[at]!r} can't stand there", at)
        match found.lastgroup:
            case "text":
                yield Token("text", found.group(), at, _text(found.group(), at))
            case "placeholder":
                yield Token("placeholder", found.group(), at, _placeholder(found.group(), at))
            case "date" | "number" | "word" | "sign" as kind:
                yield Token(kind, found.group(), at)
        at = found.end()


def _text(quoted: str, at: int) -> str:
    if found := _PLACEHOLDER_IN_TEXT.search(quoted):
        raise FilterWrong(f"write {found.group()} without quotes: its value is quoted where it is put in", at)
    meant = _ESCAPE.sub(lambda escape: _unescaped(escape[1], at), quoted[1:-1])
    if len(meant) > MOST_VALUE_CHARS:
        raise FilterWrong(f"a text has more than {MOST_VALUE_CHARS} characters", at)
    return meant


def _unescaped(escape: str, at: int) -> str:
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    if (escape.isalnum() and escape not in _ESCAPED) or escape not in "\"'\\/nrt":
        raise FilterWrong(f"there is no escape \\{escape}", at)
    return _ESCAPED.get(escape, escape)


def _placeholder(written: str, at: int) -> str:
    name = written[1:-1]
    if name not in PLACEHOLDERS:
        known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
        raise FilterWrong(f"there is no placeholder {written}; known: {known}", at)
    return name


def quoted(value: str) -> str:
    """Write any text as a value of the filter language: whatever it holds, it ends where it ends.

    Raises:
        ValueError: it is empty, or longer than a value may be.
    """
    if not value.strip() or len(value) > MOST_VALUE_CHARS:
        raise ValueError(f"a value has 1 to {MOST_VALUE_CHARS} characters")
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
