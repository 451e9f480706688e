"""Cuts a document filter into words, values and signs, each with the place where it stands."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.refusals import Refusal

Kind = Literal["word", "text", "number", "sign", "now", "end"]

MOST_CHARS = 2_048
MOST_TEXT_CHARS = 256
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "n": "\n", "r": "\r", "t": "\t"}
_TOKEN = re.compile(
    r"""(?ix)
    (?P<space>\s+)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<now>now\b(?:\s*[+-]\s*\d+\s*(?:mo|[mhdwy])\b)?)
  | (?P<number>-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]))
  | (?P<word>[a-z_][\w-]*)
  | (?P<sign><=|>=|!=|[=<>().,])
    """,
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a filter: `value` is what a literal means, `at` its first character's place."""

    kind: Kind
    text: str
    at: int
    value: str | float | None = None


def invalid(problem: str, at: int) -> Refusal:
    """Refuses a filter as the service does: what is wrong, and where."""
    return Refusal(400, f"Invalid filter: {problem} (at {at})", param="filter")


def tokens_of(text: str) -> list[Token]:
    """Cuts a filter into tokens, the last of which is its end; raises a 400 refusal for what is none."""
    if len(text) > MOST_CHARS:
        raise invalid(f"More than {MOST_CHARS} characters.", MOST_CHARS)
    return [*_tokens(text), Token("end", "", len(text))]


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise invalid(f"Unexpected '{text[at]}'.", at)
        if found.lastgroup != "space":
            yield _token(found)
        at = found.end()


def _token(found: re.Match[str]) -> Token:
    text, at = found.group(), found.start()
    if found.lastgroup == "text":
        return Token("text", text, at, _unquoted(text, at))
    if found.lastgroup == "number":
        return Token("number", text, at, float(json.loads(text)))
    if found.lastgroup == "now":
        return Token("now", text.lower().replace(" ", ""), at)
    return Token("word" if found.lastgroup == "word" else "sign", text, at)


def _unquoted(quoted: str, at: int) -> str:
    inner, said, index = quoted[1:-1], "", 0
    while index < len(inner):
        char = inner[index]
        if char != "\\":
            said, index = said + char, index + 1
            continue
        mark = inner[index + 1]
        if mark in _ESCAPES:
            said, index = said + _ESCAPES[mark], index + 2
        elif mark == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", inner[index + 2 : index + 6]):
            said, index = said + chr(int(inner[index + 2 : index + 6], 16)), index + 6
        else:
            raise invalid(f"Unknown escape '\\{mark}'.", at + 1 + index)
    said = said.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if len(said) > MOST_TEXT_CHARS:
        raise invalid(f"A text of more than {MOST_TEXT_CHARS} characters.", at)
    return said


def moment_of(token: Token) -> datetime:
    """Reads an absolute date; raises a 400 refusal for anything else."""
    try:
        return datetime.fromisoformat(str(token.value))
    except ValueError:
        raise invalid("Expected an ISO 8601 date.", token.at) from None
