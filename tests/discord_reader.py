"""Reads a message the way Discord's clients do, so that a test can tell how each letter of it is shown.

After the rules of Discord's own parser, as public copies of it have them: each is tried at each place, in this order;
of emphasis the longest counts; quotes, headings and items begin lines; nothing is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.shown import Shown

_CODE_BLOCK = re.compile(r"```(?:([A-Za-z0-9_+\-.#]+?)\n)?\n*([^\n][\s\S]*?)\n*```")
_LONG_QUOTE = re.compile(r" *>>> +([\s\S]*)")
_QUOTE = re.compile(r" *>(?!>>) +[^\n]*(?:\n *>(?!>>) +[^\n]*)*\n?")
_HEADING = re.compile(r"(#{1,3}|-#) +([^\n]+?)#*\s*?(?:\n|$)")
_ITEM = re.compile(r" *(?:[-*]|\d+\.) +")
_CODE = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")
_ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
_LINK = re.compile(r"\[([^\]\n]+)\]\(<?(https?://[^\s<>)]+)>?\)")
_TOKEN = re.compile(r"<(?:@[!&]?\d+|#\d+|a?:\w+:\d+|t:-?\d+(?::[tTdDfFR])?|/[-\w]+:\d+|https?://[^\s<>]+)>")
_URL = re.compile(r"https?://[^\s<]+[^<.,:;\"'\]\s|*~`)_]")
_WAYS = {
    "italic": re.compile(
        r"(?<!\w)_((?:__|\\[\s\S]|[^\\_])+?)_(?!\w)"
        r"|\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)"
    ),
    "bold": re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)"),
    "underline": re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)"),
    "strike": re.compile(r"~~([\s\S]+?)~~(?!_)"),
    "hidden": re.compile(r"\|\|([\s\S]+?)\|\|"),
}


def read(
    text: str, ways: frozenset[str] = frozenset(), *, quoted: bool = False, inside: bool = False
) -> Iterator[Shown]:
    """Yield each character that is shown; marks that are obeyed are none. `inside`: whether it begins no line."""
    at = 0
    while at < len(text):
        line_start = text[at - 1] == "\n" if at else not inside
        step = line_start and _line(text, at, ways, quoted=quoted)
        end, shown = step or _within_line(text, at, ways)
        yield from shown
        at = end


_Step = tuple[int, Iterable[Shown]]


def _line(text: str, at: int, ways: frozenset[str], *, quoted: bool) -> _Step | None:
    if not quoted and (found := _LONG_QUOTE.match(text, at)):
        return found.end(), read(found[1], ways | {"quote"}, quoted=True)
    if not quoted and (found := _QUOTE.match(text, at)):
        return found.end(), read(re.sub(r"(?m)^ *> ?", "", found[0]), ways | {"quote"}, quoted=True)
    if found := _HEADING.match(text, at):
        inner = read(found[2], ways | {f"heading {found[1]}"}, quoted=True)
        return found.end(), [*inner, Shown("\n", ways)]
    found = _ITEM.match(text, at)
    return (found.end(), [Shown("•", ways)]) if found else None


def _within_line(text: str, at: int, ways: frozenset[str]) -> _Step:
    if found := _CODE_BLOCK.match(text, at):
        return found.end(), [Shown(each, ways | {f"block {found[1] or ''}"}) for each in f"{found[2]}\n"]
    if found := _CODE.match(text, at):
        return found.end(), [Shown(each, ways | {"code"}) for each in found[2]]
    if found := _ESCAPE.match(text, at):
        return found.end(), [Shown(found[1], ways, found[0])]
    if found := (_LINK.match(text, at) or _TOKEN.match(text, at) or _URL.match(text, at)):
        return found.end(), [Shown(each, ways, found[0]) for each in found[0]]
    if best := _emphasis(text, at):
        found, way = best
        inner = next(group for group in found.groups() if group is not None)
        return found.end(), read(inner, ways | {way}, quoted=True, inside=True)
    return at + 1, [Shown(text[at], ways)]


def _emphasis(text: str, at: int) -> tuple[re.Match[str], str] | None:
    if text[at] not in "*_~|":
        return None
    found = [(match, way) for way, regex in _WAYS.items() if (match := regex.match(text, at))]
    return max(found, key=lambda each: each[0].end(), default=None)


def letters(text: str) -> list[Shown]:
    """The letters and figures that are shown, without blanks and signs."""
    return [shown for shown in read(text) if shown.character.isalnum()]
