"""HTML and entities that a model wrote, in Discord's Markdown, which knows neither: what they mean, as far as it shows.

Nothing gets longer by it. What an entity stands for is never a mark: `&lt;@1&gt;` pings and means nobody.
"""

from __future__ import annotations

import re
import unicodedata

from core.markdown.html import (
    BOLD,
    CODE,
    ELEMENTS,
    ENTITY,
    ITALIC,
    LOWERED,
    RAISED,
    STRUCK,
    Element,
    Tag,
    character_of,
    comment_end,
    element_of,
    raised,
    tag_at,
    without_entities,
)

_NEXT = re.compile(r"\\.|[<&]")
_DEEPEST = 4
_MOST_REMEMBERED = 24
_UNDERLINED = frozenset({"u", "ins"})
_MARKS = {
    **dict.fromkeys(BOLD, "**"),
    **dict.fromkeys(ITALIC, "*"),
    **dict.fromkeys(STRUCK, "~~"),
    **dict.fromkeys(_UNDERLINED, "__"),
}
_HEADINGS = {f"h{depth}": "#" * min(depth, 3) + " " for depth in range(1, 7)}
_NEEDS_ESCAPE = frozenset("*_~|`\\<[]")
_NEEDS_ESCAPE_FIRST = frozenset(">#-+")
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_ADDRESS = re.compile(r"https?://[^\s<>()]+\Z", re.IGNORECASE)


def without_html(line: str, before: str = "", *, deep: int = 0) -> str:
    """Write a piece of a line outside code as Discord shows what it means; `before` is how the line begins."""
    out: list[str] = []
    at = 0
    while found := _NEXT.search(line, at):
        begun = line[at : found.start()]
        at = found.start()
        before = _grown(before, begun)
        if line[at] == "\\":
            end, shown = found.end(), found[0]
        else:
            end, shown = _entity(line, at, before) if line[at] == "&" else _tag(line, at, before, deep)
        before = _grown(before, shown)
        out += (begun, shown)
        at = end
    out.append(line[at:])
    return "".join(out)


def _grown(before: str, shown: str) -> str:
    """How the line begins that is being written, as far as it tells what a break in it is."""
    if "\n" in shown:
        return shown[shown.rfind("\n") + 1 :][:_MOST_REMEMBERED]
    return before if len(before) >= _MOST_REMEMBERED else (before + shown)[:_MOST_REMEMBERED]


def _entity(line: str, at: int, before: str) -> tuple[int, str]:
    entity = ENTITY.match(line, at)
    character = character_of(entity[0]) if entity else None
    if entity is None or character is None:
        return at + 1, "&"
    if character == "&":  # by itself it is no mark, but what follows it may make an entity of it
        return entity.end(), "\\&" if ENTITY.match("&" + line[entity.end() : entity.end() + 40]) else "&"
    if character in _NEEDS_ESCAPE or (character in _NEEDS_ESCAPE_FIRST and not before.strip()):
        return entity.end(), f"\\{character}"
    if any(
        unicodedata.category(each) == "Cf" and each not in "\u200b\u200c\u200d\u00ad" for each in character
    ):
        return entity.end(), ""  # what turns the direction of a text could hide what is written
    return entity.end(), " " if character.isspace() and character != "\u00a0" else character


def _tag(line: str, at: int, before: str, deep: int) -> tuple[int, str]:
    if (end := comment_end(line, at)) is not None:
        return end, ""
    tag = tag_at(line, at)
    if tag is None:
        return at + 1, "<"
    whole = tag.name in ELEMENTS or tag.name in _UNDERLINED
    if whole and not tag.closes and deep < _DEEPEST and (element := element_of(line, tag)):
        return element.end, _element(tag, element, deep)
    return tag.end, "" if whole else _alone(tag, before)


def _element(tag: Tag, element: Element, deep: int) -> str:
    words = element.inner.strip()
    if not words:
        return " " if element.inner else ""
    if tag.name in CODE:
        return f"`{without_entities(words)}`" if "`" not in words else words
    shown = without_html(words, "x", deep=deep + 1)
    if tag.name in (RAISED, LOWERED):
        return raised(shown, lowered=tag.name == LOWERED)
    if tag.name == "q":
        return f"“{shown}”"
    if tag.name == "a":
        address = without_entities(tag.attributes.get("href", ""))
        return f"[{shown}]({address})" if _ADDRESS.match(address) and "]" not in shown else shown
    mark = _MARKS[tag.name]
    return shown if mark in shown else f"{mark}{shown}{mark}"


def _alone(tag: Tag, before: str) -> str:
    """What a tag becomes whose element is read as it comes: a break, the beginning of an item, nothing."""
    fresh = not before.strip(" >")
    if tag.name == "br":
        return _broken(before)
    if tag.name == "img":
        alt, address = tag.attributes.get("alt", ""), tag.attributes.get("src", "")
        return f"[{alt}]({address})" if _ADDRESS.match(address) and "]" not in alt else alt
    if tag.name in ("td", "th"):
        return "" if tag.closes or fresh else " | "
    if tag.name in _HEADINGS:
        return _HEADINGS[tag.name] if fresh and not tag.closes else ""
    if tag.name in ("li", "blockquote") and not tag.closes:
        return ("" if fresh else "\n") + ("- " if tag.name == "li" else "> ")
    if tag.name == "hr":
        return "───" if fresh else "\n"
    return "\n" if tag.name in ("p", "div", "tr", "dt", "dd") and not tag.closes and not fresh else ""


def _broken(before: str) -> str:
    """Begin a new line inside the same quote, item or heading."""
    if not before.strip(" >"):
        return ""
    if before.lstrip(" >").startswith(("#", "-#")):
        return " "
    if _QUOTE.match(before):
        return "\n> "
    return "\n  " if _ITEM.match(before) else "\n"
