"""The model's Markdown, made native for Discord.

Pings are off by `allowed_mentions` and link previews by the message's flags: neither is a matter of text.
Nothing but tables and links ever gets longer by it, and `size` counts at most what comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bots.discord.delivery.links import growth, with_shown_links
from bots.discord.delivery.tables import room, shown
from core.markdown.dialect import Dialect
from core.markdown.fences import Fence, fence_after_line
from core.markdown.inline import is_settled, spans
from core.markdown.table_parser import Table, table_at

MAX_SIZE = 2000
"""Code points in one message (Discord's limit, counted as `len` counts)."""

DIALECT = Dialect(spoilers=True, long_quotes=True, subtext=True)
FENCE = "```"
_BACKTICKS = re.compile(r"`{3,}")
_DEEP_HEADING = re.compile(r"^(\s{0,3})#{4,6}(?=\s)")
_LANGUAGE = re.compile(r"[\w+#.-]+(?=\s|$)")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")


def size(text: str) -> int:
    """Measure a text as Discord will count it, at most, once it was made native: tables and links take more room."""
    if "|" not in text:
        return len(text) + growth(text)
    sizes = (
        room(piece) if isinstance(piece, Table) else len(piece[0]) + growth(piece[0])
        for piece in _pieces(text)
    )
    return sum(1 + each for each in sizes) - 1  # a line end between each two


def native(text: str) -> str:
    """Rewrite what Discord does not render as what it does: tables, deep headings, images, rules, unusual fences.

    Links come to show where they lead.
    """
    lines: list[str] = []
    blank = settled = True
    for piece in _pieces(text):
        if isinstance(piece, Table):
            lines.append(shown(piece))
            continue
        line, code = piece
        if code is None:
            # a backtick without a partner may find one in a later line, and what looks like code there be none
            settled = settled and is_settled(line)
            code = _native_line(line, after_blank=blank, settled=settled)
        lines.append(code)
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
            # Discord has no longer fences: backticks inside a block must not end it
            inside = _BACKTICKS.sub(lambda run: "\u02cb" * len(run[0]), line)
            indent = line[: len(line) - len(line.lstrip(" \t>"))]
            yield line, inside if fence is not None else indent + FENCE
        elif fence is not None:
            # Discord knows a block by three backticks and a language; while the block is not closed, it shows what
            # stands there as text, in which a link would hide its address
            language = _LANGUAGE.match(fence.info.strip())
            yield line, line[: line.index(fence.marker)] + FENCE + (language[0] if language else "")
        else:
            yield line, None
        at += 1


def _native_line(line: str, *, after_blank: bool, settled: bool) -> str:
    if after_blank and _RULE.fullmatch(line):
        return "─" * len("".join(line.split()))
    line = _DEEP_HEADING.sub(r"\1###", line)
    if not settled:
        return with_shown_links(line)
    return "".join(piece if is_code else with_shown_links(piece) for piece, is_code in spans(line))
