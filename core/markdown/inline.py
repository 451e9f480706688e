"""Markdown within a line: which parts are code, and all of it as plain text."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TICKS = re.compile(r"(\\?`+)")
_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s]|_)"
    r"|!?\[(?P<words>[^\[\]]*)\]\(\s*<?(?P<url>[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"""(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)"""
    r"|<(?P<address>https?://[^\s<>]+)>"
    r"|(?P<mark>\*+|_+|~~+|\|\|+)"
)
_ALWAYS_TWO = "~|"


def spans(line: str) -> Iterator[tuple[str, bool]]:
    """Part a line into ordinary text and code between backticks, which come with it; whether it is code.

    A run of backticks ends what the last one of the same length began; one without a partner is ordinary text.
    """
    parts = _TICKS.split(line)  # by turns text and a run of backticks
    places: dict[str, deque[int]] = defaultdict(deque)
    for at in range(1, len(parts), 2):
        places[parts[at].removeprefix("\\")].append(at)  # in code nothing is escaped
    at = 0
    while True:
        yield parts[at], False
        if at + 1 == len(parts):
            return
        run, same = parts[at + 1], places[parts[at + 1]]
        while same and same[0] <= at + 1:
            same.popleft()
        if same:
            yield "".join(parts[at + 1 : same[0] + 1]), True
            at = same[0] + 1
        else:
            yield run, False
            at += 2


def is_settled(line: str) -> bool:
    """Tell whether all backticks of a line are pairs, so that no reader of Markdown finds others in it."""
    return not any("`" in piece for piece, is_code in spans(line) if not is_code)


@dataclass(slots=True)
class _Token:
    text: str
    mark: bool = False
    """Whether it may begin or end what is emphasised."""


def plain(text: str) -> str:
    """Take the marks of emphasis, code, links and escapes away; a link's address stands behind its words.

    For code blocks, which show every mark instead of obeying it. Takes one pass.
    """
    tokens = list(_tokens(text))
    left = [len(token.text) for token in tokens]
    opened: dict[str, list[int]] = {}
    for at, token in enumerate(tokens):
        if token.mark:
            _meet(tokens, at, left, opened.setdefault(token.text[0], []))
    return "".join(token.text[: left[at]] for at, token in enumerate(tokens))


def _meet(tokens: Sequence[_Token], at: int, left: list[int], opened: list[int]) -> None:
    """Let a run of marks end what the runs before it began; what is left of it may begin something."""
    mark = tokens[at].text[0]
    before = tokens[at - 1].text[-1:] if at else ""
    after = tokens[at + 1].text[:1] if at + 1 < len(tokens) else ""
    opens, ends = bool(after) and not after.isspace(), bool(before) and not before.isspace()
    if mark == "_":  # inside a word it is part of a name
        opens, ends = opens and not before.isalnum(), ends and not after.isalnum()
    while ends and opened and left[at]:
        if (
            opens
            and (len(tokens[at].text) + len(tokens[opened[-1]].text)) % 3 == 0
            and mark not in _ALWAYS_TWO
        ):
            break  # CommonMark's rule of three: as in `2**3` and `a*b`
        taken = min(left[at], left[opened[-1]])
        if mark in _ALWAYS_TWO and taken < len(_ALWAYS_TWO):
            break
        left[at] -= taken
        left[opened[-1]] -= taken
        if not left[opened[-1]]:
            opened.pop()
    if opens and left[at]:
        opened.append(at)


def _tokens(text: str) -> Iterator[_Token]:
    for piece, is_code in spans(text):
        if is_code:
            yield _Token(piece.strip("`"))
        else:
            yield from (token for token in _inline(piece) if token.text)


def _inline(text: str) -> Iterator[_Token]:
    at = 0
    for found in _INLINE.finditer(text):
        yield _Token(text[at : found.start()])
        at = found.end()
        if (url := found["url"]) is not None:
            words = found["words"]
            yield from _inline(words)
            yield _Token(f" ({url})" if words.strip() and words != url else "" if words.strip() else url)
        else:
            yield _Token(found["escaped"] or found["address"] or found["mark"], mark=bool(found["mark"]))
    yield _Token(text[at:])
