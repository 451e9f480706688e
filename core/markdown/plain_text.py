"""Markdown as plain text, for code blocks, which show every mark instead of obeying it. Takes one pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.markdown.code_spans import spans

_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s])"
    r"|!?\[(?P<words>[^\[\]]*)\]\(\s*<?(?P<url>[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?"
    r"""(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)"""
    r"|<(?P<address>https?://[^\s<>]+)>"
    r"|(?P<mark>\*+|_+|~~+|\|\|+)"
)
_ALWAYS_TWO = "~|"


@dataclass(slots=True)
class _Token:
    text: str
    mark: bool = False
    """Whether it may begin or end what is emphasised."""


def plain(text: str) -> str:
    """Take the marks of emphasis, code, links and escapes away; a link's address stands behind its words."""
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
