"""The model's Markdown, made native for Discord.

Pings are off by `allowed_mentions` and link previews by the message's flags: neither is a matter of text.
Nothing but a table ever gets longer by it, and `size` counts at most what comes of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bots.discord.tables import Table, table_at

MAX_SIZE = 2000
"""Code points in one message (Discord's limit, counted as `len` counts)."""

_FENCE = re.compile(r"\s*(`{3,})")
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
    """Rewrite what Discord does not render as what it does: tables, deep headings, images and rules."""
    lines: list[str] = []
    blank = True
    for piece in _pieces(text):
        if isinstance(piece, Table):
            lines.append(piece.shown())
            continue
        line, is_code = piece
        lines.append(line if is_code else _native_line(line, after_blank=blank))
        blank = not line.strip()
    return "\n".join(lines)


def _pieces(text: str) -> Iterator[Table | tuple[str, bool]]:
    """Take a text apart into tables, and lines with whether they are code."""
    lines = text.split("\n")
    at, fence = 0, ""
    while at < len(lines):
        line = lines[at]
        if not fence and (table := table_at(lines, at)) is not None:
            yield table
            at += len(table.lines)
            continue
        mark = None if fence else _FENCE.match(line)
        yield line, bool(fence or mark)
        if fence and _closes(line, fence):
            fence = ""
        elif mark:
            fence = "" if "`" in line[mark.end() :] else mark[1]
        at += 1


def _closes(line: str, fence: str) -> bool:
    return line.strip().startswith(fence) and not line.strip().strip("`")


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
