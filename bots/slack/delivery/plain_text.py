"""An answer in plain words: what notifications, screen readers and clients without blocks show of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.markdown.fences import Fence, fence_after_line
from core.markdown.inline import plain, spans
from core.markdown.table_parser import table_at

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_RULE = re.compile(r" {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*")
_ITEM = re.compile(r"((?:[ \t]*>)*[ \t]*)[-*+][ \t]+(?:\[([ xX])\][ \t]+)?")
_UNDERLINE = re.compile(r" {0,3}=+[ \t]*")
_LINK = re.compile(
    r"!?(?<!\\)\[((?:[^\[\]\\]|\\.)*+)\]\(([^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+)\)|(?:https?|ftp)://[^\s<>]+",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_KEPT, _KEPT_ADDRESS = "\ue000", "\ue001"
_BESIDE = re.compile(rf"[{_KEPT}{_KEPT_ADDRESS}]((?<={_KEPT_ADDRESS})(?=[^\x00-\x7f\s]))?")
"""What was kept; with a group where Slack's linker would take what stands behind an address into it."""
_NOT_SHOWN = dict.fromkeys(map(ord, ("\u200b", _KEPT, _KEPT_ADDRESS)))
_HALF_ENTITY = re.compile(r"&[a-z]{0,4}\Z")
_MOST = 3_900
"""`chat.update` takes 4,000 characters of text."""
_ENOUGH = 4
"""How much longer Markdown may be than what it shows, before its end is not read any more."""


def plain_text(harmless: str, *, fences: bool = False) -> str:
    """Say what Markdown shows, of which nothing is alive any more, without its marks.

    A link's address stands behind its words. `fences`: code blocks keep theirs, which Slack's older form knows too.
    """
    harmless = harmless[: _ENOUGH * _MOST].translate(_NOT_SHOWN)
    words = "\n".join(_lines(harmless, fences=fences))
    words = re.sub(r"\n{3,}", "\n\n", words).strip("\n")
    return words if len(words) <= _MOST else _HALF_ENTITY.sub("", words[: _MOST - 1]) + "…"


def _lines(text: str, *, fences: bool) -> Iterator[str]:
    lines = [*text.split("\n"), ""]
    at = 0
    fence: Fence | None = None
    while at < len(lines):
        line = lines[at]
        if fence is None and (table := table_at(lines, at)) is not None:
            yield from (" | ".join(map(_words, row)) for row in table.rows)
            at += len(table.lines)
            continue
        before, fence = fence, fence_after_line(line, fence)
        if (before is None) != (fence is None) and (fence or (before is not None and before.closes_at(line))):
            yield from (["```"] if fences else [])
        elif fence is not None:
            yield line
        else:
            yield from _of_line(line)
        at += 1


def _of_line(line: str) -> Iterator[str]:
    if _RULE.fullmatch(line) or (_UNDERLINE.fullmatch(line) and line.strip()):
        yield ""
    elif heading := _HEADING.fullmatch(line):
        yield _words(heading[1])
    elif item := _ITEM.match(line):
        sign = {None: "•", " ": "☐"}.get(item[2], "☑")
        yield f"{item[1]}{sign} {_words(line[item.end() :])}"
    else:
        yield _words(line)


def _words(text: str) -> str:
    """A line without marks. Code and addresses are kept apart meanwhile: no sign in them is a mark."""
    kept: list[str] = []

    def keep(words: str, sign: str = _KEPT) -> str:
        kept.append(words)
        return sign

    def link(found: re.Match[str]) -> str:
        if found[1] is None:
            return keep(found[0], _KEPT_ADDRESS)
        label, address = _ESCAPE.sub(r"\1", found[1]), found[2]
        if not label.strip() or address in (label, f"mailto:{label}", f"http://{label}", f"tel:{label}"):
            return keep(label or address, _KEPT_ADDRESS)
        return f"{found[1]} ({keep(address)})"

    pieces = [
        keep(piece.strip("`").strip()) if is_code else _LINK.sub(link, piece)
        for piece, is_code in spans(text)
    ]
    words = iter(kept)
    return _BESIDE.sub(
        lambda found: next(words, "") + (" " if found[1] is not None else ""), plain("".join(pieces))
    )
