"""HTML that a model wrote, in Slack's Markdown: what its tags mean, as far as a message can show it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bots.slack.delivery.emphasis import joint
from bots.slack.delivery.links import encoded
from core.markdown.html import (
    BOLD,
    CODE,
    ITALIC,
    LOWERED,
    RAISED,
    STRUCK,
    Element,
    Tag,
    raised,
    without_entities,
)

_MOST_REMEMBERED = 24
_ITEM = re.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]")
_QUOTE, _HEADING = re.compile(r" {0,3}>"), re.compile(r" {0,3}#")
_ADDRESS = re.compile(r"https?://|mailto:", re.IGNORECASE)
_DEEPEST_INDENT, _DEEPEST_HEADING = 4, 3
_HEADINGS = {f"h{depth}": "#" * min(depth, _DEEPEST_HEADING) for depth in range(1, 7)}
_MARKS = {**dict.fromkeys(BOLD, "**"), **dict.fromkeys(ITALIC, "*"), **dict.fromkeys(STRUCK, "~~")}

Inside = Callable[[str], str]
"""Makes a text inside an element safe."""


@dataclass(frozen=True, slots=True)
class Line:
    """The line that is being written, as far as it tells what a break in it is."""

    start: str = ""
    in_row: bool = False
    """Whether a `|` stands in it, so that it may be a table's row."""

    def after(self, shown: str) -> Line:
        """The line after more was written."""
        if "\n" in shown:
            return FRESH.after(shown[shown.rfind("\n") + 1 :])
        if len(self.start) >= _MOST_REMEMBERED and (self.in_row or "|" not in shown):
            return self
        return Line((self.start + shown)[:_MOST_REMEMBERED], self.in_row or "|" in shown)

    @property
    def is_fresh(self) -> bool:
        return not self.start.strip()

    def broken(self) -> str:
        """What begins a new line inside the same cell, heading, quote or item."""
        if self.in_row:
            return "; "
        if _HEADING.match(self.start):
            return " "
        if _QUOTE.match(self.start):
            return "\n> "
        item = _ITEM.match(self.start)
        return "\n" + " " * min(len(item[0]), _DEEPEST_INDENT) if item else "\n"


FRESH = Line()


def shown_tag(tag: Tag, line: Line, *, ends_line: bool) -> str:
    """What a tag becomes whose element is read as it comes: a break, the beginning of an item, nothing.

    `ends_line`: the line ends behind it anyway.
    """
    new_line, apart = ("" if line.is_fresh else "\n"), ("" if line.is_fresh else "\n\n")
    if tag.name == "br":
        return "" if ends_line or line.is_fresh or line.start.endswith("; ") else line.broken()
    if tag.name == "img":
        return _picture(tag)
    if tag.name in ("td", "th"):
        return "" if tag.closes or line.is_fresh else " | "
    if tag.name == "tr":
        return "" if tag.closes else new_line
    if line.in_row:
        return "• " if tag.name == "li" and not tag.closes else ""
    if tag.name == "hr":
        return f"{apart}---\n\n"
    if tag.name in _HEADINGS:
        return "\n\n" if tag.closes else f"{apart}{_HEADINGS[tag.name]} "
    if tag.name in ("li", "blockquote"):
        return "" if tag.closes else new_line + ("- " if tag.name == "li" else "> ")
    if tag.name in ("p", "div", "dt", "dd", "pre"):
        return (
            ("" if ends_line or line.is_fresh else "\n\n"[: 1 + (tag.name == "p")])
            if tag.closes
            else new_line
        )
    return ""


def shown_element(
    tag: Tag, element: Element, inside: Inside, around: tuple[str, str], begun: frozenset[str]
) -> str:
    """What a whole element becomes. `around`: the characters on both sides; `begun`: marks that are open anyway."""
    inner = element.inner
    words = inside(inner.strip())
    if not words:
        return inner if inner.isspace() else ""
    before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
    if tag.name in CODE:
        return f"{before}{_code(without_entities(inner.strip()))}{after}"
    if tag.name == "a":
        return f"{before}{_link(tag, words)}{after}"
    if tag.name in (RAISED, LOWERED):
        return raised(words, lowered=tag.name == LOWERED)
    if tag.name == "q":
        return f"{before}“{words}”{after}"
    if tag.name == "summary":
        return f"**{words}**\n\n"
    mark = _MARKS[tag.name]
    if mark in begun or "\n" in words:
        return f"{before}{words}{after}"
    outer_before, outer_after = before[-1:] or around[0], after[:1] or around[1]
    marked = f"{mark}{joint(words[0], outer_before)}{words}{joint(words[-1], outer_after)}{mark}"
    return f"{before}{marked}{after}"


def _code(code: str) -> str:
    """A code span; nothing in it is an entity or a token."""
    ticks = "``" if "`" in code else "`"
    pad = " " if code.startswith("`") or code.endswith("`") else ""
    shown = " ".join(code.split()).replace("&", "&amp;").replace("<", "&lt;")
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def _link(tag: Tag, words: str) -> str:
    address = encoded(tag.attributes.get("href", ""))
    return f"[{words}]({address})" if _ADDRESS.match(address) and "](" not in words else words


def _picture(tag: Tag) -> str:
    """A picture as Slack shows one: a link."""
    address, words = tag.attributes.get("src", ""), tag.attributes.get("alt", "")
    words = re.sub(r"[\[\]<>&\\`*_~]", " ", words).strip()
    return f"[{words or 'image'}]({encoded(address)})" if _ADDRESS.match(address) else words
