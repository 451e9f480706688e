"""The model's Markdown, made native for Discord.

Pings are off by `allowed_mentions` and link previews by the message's flags: neither is a matter of text.
Nothing but tables and links ever gets longer by it, and `size` counts at most what comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bots.discord.delivery.html_out import without_html
from bots.discord.delivery.links import growth, with_shown_links
from bots.discord.delivery.tables import room, shown
from core.markdown.dialect import Dialect
from core.markdown.fences import Fence, fence_after_line
from core.markdown.inline import is_settled, spans
from core.markdown.table_parser import Table, is_head, is_row, table_at

MAX_SIZE = 2000
"""Code points in one message (Discord's limit, counted as `len` counts)."""

DIALECT = Dialect(
    spoilers=True,
    long_quotes=True,
    subtext=True,
    underscores_before_blanks=True,
    quotes_in_items=False,
)
FENCE = "```"
_BACKTICKS = re.compile(r"`{3,}")
_DEEP_HEADING = re.compile(r"^(\s{0,3})#{4,6}(?=\s)")
_LANGUAGE = re.compile(r"[\w+#.-]+(?=\s|$)")
_OTHER_BULLET = re.compile(r"^(\s*)\+(?=\s)")
_QUOTE = "> "
_QUOTES = re.compile(r" {0,3}>(?: {0,3}>)*+[ \t]?+")
_LONG_QUOTE = re.compile(r" *>>> ")
_QUOTED_LINE = re.compile(r"^ {0,3}>", re.MULTILINE)
_WORD_FIRST = re.compile(r"[^\W\d_]|[*\"“]")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")

_Line = tuple[str, str | None]
"""A line, and beside one of a code block what becomes of it."""


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A table inside a quote."""

    table: Table


def size(text: str) -> int:
    """Measure a text as Discord will count it, at most, once it was made native: tables, links and quotes take more."""
    if "|" not in text:
        return len(text) + growth(text) + len(_QUOTED_LINE.findall(text))
    sizes = (room(piece) if isinstance(piece, Table) else _room(piece) for piece in _pieces(text))
    return sum(1 + each for each in sizes) - 1  # a line end between each two


def _room(piece: _Quoted | _Line) -> int:
    if isinstance(piece, _Quoted):
        return room(piece.table) + len(_QUOTE) * (len(piece.table.lines) + 2)
    return len(piece[0]) + growth(piece[0]) + (_QUOTED_LINE.match(piece[0]) is not None)


def native(text: str) -> str:
    """Rewrite what Discord does not render as what it does: tables, deep headings, images, rules, unusual fences, HTML.

    Links come to show where they lead.
    """
    lines: list[str] = []
    blank = settled = True
    for piece in _pieces(text):
        if isinstance(piece, Table):
            lines.append(shown(piece))
            continue
        if isinstance(piece, _Quoted):
            lines.append("\n".join(_QUOTE + line for line in shown(piece.table).split("\n")))
            continue
        line, code = piece
        if code is None:
            # a backtick without a partner may find one in a later line, and what looks like code there be none
            settled = settled and is_settled(line)
            code = _native_line(line, after_blank=blank, settled=settled)
        lines.append(code)
        blank = not line.strip()
    return "\n".join(lines)


def _pieces(text: str) -> Iterator[Table | _Quoted | _Line]:
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
        if fence is None and (quoted := _quoted_table(lines, at)) is not None:
            yield quoted
            at += len(quoted.table.lines)
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


def _quoted_table(lines: Sequence[str], at: int) -> _Quoted | None:
    """Find the table that begins at a line of a quote, and is followed by another one."""
    if "|" not in lines[at] or ">" not in lines[at][:4] or at + 2 >= len(lines):
        return None
    inside = [_unquoted(line) for line in lines[at : at + 2]]
    if inside[0] is None or inside[1] is None or not is_head(inside[0], inside[1]):
        return None
    rows = [inside[0], inside[1]]
    for line in lines[at + 2 :]:
        if "|" not in line or (row := _unquoted(line)) is None or not is_row(row):
            break
        rows.append(row)
    return _Quoted(Table(tuple(rows), headed=True))


def _unquoted(line: str) -> str | None:
    found = _QUOTES.match(line)
    return line[found.end() :] if found else None


def _native_line(line: str, *, after_blank: bool, settled: bool) -> str:
    if after_blank and _RULE.fullmatch(line):
        return "─" * len("".join(line.split()))
    line = _OTHER_BULLET.sub(r"\1-", _DEEP_HEADING.sub(r"\1###", _native_quote(line)))
    if not settled:
        return with_shown_links(line)
    said = ""
    for piece, is_code in spans(line):
        said += piece if is_code else with_shown_links(without_html(piece, said[said.rfind("\n") + 1 :]))
    return said


def _native_quote(line: str) -> str:
    """Discord knows quotes of one depth, and those only by a blank behind their mark."""
    found = _QUOTES.match(line)
    if found is None or _LONG_QUOTE.match(line):
        return line
    inside = line[found.end() :]
    nested = found[0].count(">") > 1
    lacks_blank = not found[0].endswith((" ", "\t")) and (not inside or _WORD_FIRST.match(inside))
    return _QUOTE + inside if nested or lacks_blank else line
