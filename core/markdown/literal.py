"""Words of people, models and servers, written so that no reader of Markdown takes anything in them for a mark."""

from __future__ import annotations

import re

_MARK = re.compile(r"[\\`*_{}\[\]<>|~#]")
_BREAKS = re.compile(r"\s*[\r\n\u2028\u2029\v\f]\s*")


def literal(text: str) -> str:
    """Escape a text for one line; its line breaks become blanks."""
    return _MARK.sub(r"\\\g<0>", _BREAKS.sub(" ", text.strip()))


def code(text: str) -> str:
    """Put a text between backticks, more of them than stand in it; its line breaks become blanks."""
    text = _BREAKS.sub(" ", text.strip())
    if not text:
        return "``` ```"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def code_block(text: str, language: str = "") -> str:
    """Put a text into a code block that nothing in it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
