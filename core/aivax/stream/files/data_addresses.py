"""Where a file begins inside a text, and where it ends: data addresses (RFC 2397) and bare base64 of pictures.

Every expression here is bounded, so that a text costs what it is long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_WRAPPER_CHARS = 1_300
_TAIL_CHARS = 1_600
_ADDRESS_CHARS = 300
_SIGN_CHARS = 10
"""How long the beginning of a file may be, in all; by itself; before there is a colon in it."""
_TYPE = r"[A-Za-z]{1,20}/[\w.+-]{1,80}"
_MORE = r"[\w;.+=\" -]{0,160}"
_BEGINNINGS = ("iVBORw0KGg", "/9j/4AAQSk", "/9j/4QAAR", "/9j/2wBD", "R0lGODlh", "R0lGODdh", "UklGR")
"""How base64 of PNG, JPEG, GIF and WebP begins."""
_BOUNDARY = r"(?<![\w+/=])"

_START = re.compile(
    rf"(?<!\w)(?i:data:)(?P<type>{_TYPE})?(?P<more>;{_MORE})?,"
    rf"|{_BOUNDARY}(?={'|'.join(map(re.escape, _BEGINNINGS))})"
)
_ALT = r"(?:[^\[\]\n]|\[[^\[\]\n]{0,100}\]){0,500}+"
_IN_MARKDOWN = re.compile(rf"!?\[(?P<alt>{_ALT})\]\(\s{{0,5}}<?\s{{0,5}}\Z")
_IN_HTML = re.compile(r"<img\s(?P<rest>[^<>]{0,600}\s)?src\s{0,5}=\s{0,5}[\"']?\s{0,5}\Z", re.IGNORECASE)
_ALT_IN_HTML = re.compile(r"\balt\s{0,5}=\s{0,5}(?:\"([^\"]{0,500})\"|'([^']{0,500})')", re.IGNORECASE)

_BEGUN_ADDRESS = rf"[dD](?:[aA](?:[tT](?:[aA](?::(?:[\w/.+-]{{0,101}}(?:;{_MORE})?)?)?)?)?)?"
_BEGUN_BASE64 = "|".join(re.escape(word[:length]) for word in _BEGINNINGS for length in range(1, len(word)))
_BEGUN = re.compile(
    rf"(?:!?\[{_ALT}(?:\[[^\[\]\n]{{0,100}}|\](?:\(\s{{0,5}}<?\s{{0,5}}(?:{_BEGUN_ADDRESS}|{_BEGUN_BASE64})?)?)?"
    rf"|<(?:[iI](?:[mM](?:[gG](?:\s[^<>]{{0,900}})?)?)?)?"
    rf"|(?<!\w){_BEGUN_ADDRESS}"
    rf"|!"
    rf"|{_BOUNDARY}(?:{_BEGUN_BASE64}))\Z"
)
"""What may become a file when more comes."""

_CLOSES = {
    "markdown": re.compile(
        r"\s{0,5}>?\s{0,5}(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|\([^()\n]{0,300}\))?\s{0,5}\)"
    ),
    "html": re.compile(r"[^<>]{0,600}>"),
}
_MAY_CLOSE = {
    "markdown": re.compile(r"\s{0,5}>?\s{0,5}(?:[\"'(][^\n]{0,300})?\s{0,5}\Z"),
    "html": re.compile(r"[^<>]{0,600}\Z"),
}


class Around(Enum):
    """What an address stands in."""

    MARKDOWN = "markdown"
    HTML = "html"
    NOTHING = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """The beginning of a file in a text."""

    start: int
    """Where in the text what it stands in begins, such as `![`."""
    end: int
    """Where the file itself begins."""
    around: Around
    alt: str
    media_type: str
    """As the address tells it."""
    is_base64: bool
    is_told: bool
    """Whether there is an address, and not base64 alone."""


def find_opening(text: str, skip: int = 0) -> Opening | None:
    """Find the first beginning of a file behind `skip` characters. What is not base64 counts only where something tells
    where it ends."""
    if "data:" not in text.lower() and not any(map(text.__contains__, _BEGINNINGS)):
        return None  # found out in a fiftieth of the time
    for found in _START.finditer(text, skip):
        is_told = found.end() > found.start()
        is_base64 = not is_told or (found["more"] or "").replace(" ", "").lower().endswith("base64")
        before = text[max(skip, found.start() - _WRAPPER_CHARS) : found.start()]
        around, length, alt = _around(before)
        if is_base64 or (around is not Around.NOTHING and found["type"]):
            begins, kind = found.start() - length, (found["type"] or "").lower()
            return Opening(begins, found.end(), around, alt, kind, is_base64, is_told)
    return None


def _around(before: str) -> tuple[Around, int, str]:
    """What stands around an address, how long its beginning is, and the words in it."""
    if found := _IN_MARKDOWN.search(before):
        return Around.MARKDOWN, len(before) - found.start(), found["alt"]
    at = before.rfind("<")
    if at >= 0 and (found := _IN_HTML.match(before, at)):
        return Around.HTML, len(before) - at, alt_in(found["rest"] or "")
    return Around.NOTHING, 0, ""


def alt_in(attributes: str) -> str:
    """The words for those who can't see a picture, among the attributes of an HTML element."""
    found = _ALT_IN_HTML.search(attributes)
    return (found[1] or found[2] or "") if found else ""


def undecided_from(text: str, skip: int = 0) -> int:
    """From where on a text may be the beginning of a file when more comes; its length where nothing may."""
    tail = text[-_TAIL_CHARS:]
    chars = _TAIL_CHARS if "[" in tail or "<" in tail else _ADDRESS_CHARS if ":" in tail else _SIGN_CHARS
    found = _BEGUN.search(text, max(skip, len(text) - chars))
    return found.start() if found else len(text)


def closing_of(text: str, around: Around) -> int | None:
    """Where what stands around a file is closed, 0 where it is not; None where more of the text will tell."""
    if around is Around.NOTHING:
        return 0
    if found := _CLOSES[around.value].match(text):
        return found.end()
    return None if _MAY_CLOSE[around.value].match(text) else 0
