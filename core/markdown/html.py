"""HTML that models write into Markdown, where a chat platform shows none: tags and entities as what they mean.

Only tags that are known for their look count as such: `<T>` or `<your name>` are words that a reader must see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html.entities import html5

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{0,31});")
MAYBE_ENTITY = re.compile(r"&(?:#\d{0,7}|#[xX][0-9a-fA-F]{0,6}|[A-Za-z][A-Za-z0-9]{0,31})?\Z")
LONGEST_COMMENT = 2_000
LONGEST_ELEMENT = 1_500
"""How far the end of an element is looked for, and so how long a growing text waits for it."""

_LONGEST_TAG = 1_000
_TAG = re.compile(rf"<(/?)([A-Za-z][A-Za-z0-9]{{0,15}})((?:[\s/][^<>\n]{{0,{_LONGEST_TAG}}})?)>")
_MAYBE_TAG = re.compile(rf"<(?:/?(?:[A-Za-z][A-Za-z0-9]{{0,15}}(?:[\s/][^<>\n]{{0,{_LONGEST_TAG}}})?)?)?\Z")
_COMMENT, _COMMENT_END = "<!--", "-->"
_ATTRIBUTE = re.compile(r"""([A-Za-z-]{1,20})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'/]\S*))""")

BOLD = frozenset({"b", "strong", "summary"})
ITALIC = frozenset({"i", "em", "cite", "dfn", "var"})
STRUCK = frozenset({"s", "strike", "del"})
CODE = frozenset({"code", "kbd", "tt", "samp"})
RAISED, LOWERED = "sup", "sub"
ELEMENTS = BOLD | ITALIC | STRUCK | CODE | {RAISED, LOWERED, "a", "q"}
"""Elements whose content becomes something else: their end must be known first."""
_WITHOUT_LOOK = re.compile(
    r"abbr|article|aside|big|body|caption|center|col|colgroup|details|dl|fieldset|figcaption|figure|font|footer|header"
    r"|hgroup|html|ins|label|legend|main|mark|nav|ol|picture|section|small|source|span|table|tbody|tfoot|thead|time"
    r"|u|ul|wbr"
)
_BLOCKS = frozenset(
    {"p", "div", "blockquote", "pre", "li", "tr", "dt", "dd", *(f"h{depth}" for depth in range(1, 7))}
)
_ALONE = frozenset({"br", "hr", "img", "td", "th"})
_KNOWN = ELEMENTS | _BLOCKS | _ALONE
NAMES = "|".join(sorted(_KNOWN)) + f"|{_WITHOUT_LOOK.pattern}"
"""The names of the tags that are known for their look, as a pattern."""

_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_AS_THEY_ARE = frozenset(["st", "nd", "rd", "th", "er", "re", "e", "o", "a", "ª", "º", "®", "™"])
_LOWERED = str.maketrans("0123456789+-=()aeox", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓ")


@dataclass(frozen=True)
class Tag:
    """A tag that is known for its look."""

    written: str
    """The name as it was written."""
    closes: bool
    end: int
    """Where in the text it ends."""
    _more: str = ""

    @property
    def name(self) -> str:
        return self.written.lower()

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        found = _ATTRIBUTE.findall(self._more)
        return {name.lower(): double or single or bare for name, double, single, bare in found}


def tag_at(text: str, at: int) -> Tag | None:
    """The known tag that stands there. A single capital is more likely a type's name, as in `List<S>`."""
    found = _TAG.match(text, at)
    if found is None or (len(found[2]) == 1 and found[2].isupper()):
        return None
    name = found[2].lower()
    if name not in _KNOWN and not _WITHOUT_LOOK.fullmatch(name):
        return None
    return Tag(found[2], bool(found[1]), found.end(), found[3])


def may_become_tag(text: str, at: int) -> bool:
    """Whether more text could make a tag or a comment of what stands at the end."""
    if _MAYBE_TAG.match(text, at):
        return True
    begun = text[at : at + len(_COMMENT)]
    if len(begun) < len(_COMMENT):
        return at + len(begun) == len(text) and _COMMENT.startswith(begun)
    return begun == _COMMENT and comment_end(text, at) is None and len(text) - at <= LONGEST_COMMENT


def comment_end(text: str, at: int) -> int | None:
    """Where the comment that begins there ends; None where none does, or where it has no end."""
    if not text.startswith(_COMMENT, at):
        return None
    end = text.find(_COMMENT_END, at + len(_COMMENT), at + LONGEST_COMMENT)
    return None if end < 0 else end + len(_COMMENT_END)


@dataclass(frozen=True, slots=True)
class Element:
    """What stands between a tag and its end."""

    inner: str
    end: int
    """Where in the text the closing tag ends."""


def element_of(text: str, tag: Tag) -> Element | None:
    """The element that a tag opens, where it ends in the same paragraph; None where it does not (yet)."""
    closing = f"</{tag.written}"
    at = text.find(closing, tag.end, tag.end + LONGEST_ELEMENT)
    if at < 0:
        return None
    end = text.find(">", at, at + len(closing) + 8)
    inner = text[tag.end : at]
    if end < 0 or text[at + len(closing) : end].strip() or "\n\n" in inner or "```" in inner:
        return None
    return Element(inner, end + 1)


def may_become_element(text: str, tag: Tag) -> bool:
    """Whether more text could bring the end of the element that a tag opens."""
    return len(text) - tag.end <= LONGEST_ELEMENT and "\n\n" not in text[tag.end :]


def character_of(entity: str) -> str | None:
    """The character that an entity stands for; None where it is none. Controls become a blank."""
    if not entity.startswith("&#"):
        return html5.get(entity[1:])
    digits = entity[2:-1]
    number = int(digits[1:], 16) if digits[0] in "xX" else int(digits)
    if number == 0 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    return " " if unicodedata.category(chr(number)) == "Cc" else chr(number)


def without_entities(text: str) -> str:
    """Replace the entities of a text by their characters."""
    return ENTITY.sub(lambda entity: character_of(entity[0]) or entity[0], text)


def raised(words: str, *, lowered: bool = False) -> str:
    """Write a raised or lowered text in characters that are so, or else behind `^` or `_`."""
    if words in _AS_THEY_ARE or words.startswith("["):  # ordinals, and references to notes
        return words
    moved = words.translate(_LOWERED if lowered else _RAISED)
    if words and all(before != after for before, after in zip(words, moved, strict=True)):
        return moved
    sign = "_" if lowered else "^"
    return sign + (words if len(words) == 1 else f"({words})") if words else ""
