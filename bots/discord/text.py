"""The model's Markdown, made native for Discord.

Pings are off by `allowed_mentions` and link previews by the message's flags: neither is a matter of text.
Nothing but a table ever gets longer by it, and `size` counts at most what comes of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bots.discord.tables import Table, table_at
from core.reply.fences import Fence, fence_after_line

MAX_SIZE = 2000
"""Code points in one message (Discord's limit, counted as `len` counts)."""

FENCE = "```"
_BACKTICKS = re.compile(r"`{3,}")
_CODE = re.compile(r"(`+[^`]*`+)")
_DEEP_HEADING = re.compile(r"^(\s{0,3})#{4,6}(?=\s)")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\(\s*<?(https?://[^\s<>)]+)>?[^)\n]*\)")


def size(text: str) -> int:
    """Measure a text as Discord will count it, at most, once it was made native: only tables take more room."""
    if "|" not in text:
        return len(text)
    total = -1
    for piece in _pieces(text):
        total += 1 + (piece.room() if isinstance(piece, Table) else len(piece[0]))
    return total


def native(text: str) -> str:
    """Rewrite what Discord does not render as what it does: tables, deep headings, images, rules, unusual fences."""
    lines: list[str] = []
    blank = True
    for piece in _pieces(text):
        if isinstance(piece, Table):
            lines.append(piece.shown())
            continue
        line, code = piece
        lines.append(_native_line(line, after_blank=blank) if code is None else code)
        blank = not line.strip()
    return "\n".join(lines)


def _pieces(text: str) -> Iterator[Table | tuple[str, str | None]]:
    """Take a text apart into tables, and lines; beside each line of a code block stands what becomes of it."""
    lines = text.split("\n")
    at = 0
    fence: Fence | None = None
    while at < len(lines):
        line = lines[at]
        if fence is None and (table := table_at(lines, at)) is not None:
            yield table
            at += len(table.lines)
            continue
        before, fence = fence, fence_after_line(line, fence)
        if before is not None and not before.left_at(line):
            yield line, _inside(line) if fence is not None else f"{_indent(line)}{FENCE}"
        elif fence is not None:
            yield line, _opening(line, fence)
        else:
            yield line, None
        at += 1


def _opening(line: str, fence: Fence) -> str:
    """Open a block as Discord knows it: by three backticks, and a language in one word."""
    words = fence.info.replace("`", "").split()
    return line[: line.index(fence.marker)] + FENCE + (words[0] if words else "")


def _inside(line: str) -> str:
    """Keep backticks inside a block from ending it: Discord has no longer fences."""
    return _BACKTICKS.sub(lambda run: "\u02cb" * len(run[0]), line)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t>"))]


def _native_line(line: str, *, after_blank: bool) -> str:
    if after_blank and _RULE.fullmatch(line):
        return "─" * len("".join(line.split()))
    line = _DEEP_HEADING.sub(r"\1###", line)
    if "![" not in line:
        return line
    pieces = _CODE.split(line)
    pieces[::2] = (_IMAGE.sub(_as_link, piece) for piece in pieces[::2])
    return "".join(pieces)


def _as_link(image: re.Match[str]) -> str:
    words, url = image[1].strip(), image[2]
    return f"[{words}]({url})" if words else f"<{url}>"
