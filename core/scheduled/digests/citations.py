"""The numbers by which a model names messages become links; what it says without one is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.markdown.literal import literal

MOST_CITED = 4
"""Of one claim."""
_CITED = re.compile(r"\s*\[\s*\d{1,6}(?:\s*[,;]\s*\d{1,6})*\s*\](?!\()")
_NUMBER = re.compile(r"\d{1,6}")
_BULLET = re.compile(r"^\s*(?:[-*\u2022+]|\d{1,3}[.)])\s+")
_HEAD = re.compile(
    r"^\s*(?:#{1,6}\s+(?P<hash>.+?)\s*#*|\*\*(?P<bold>[^*]+)\*\*:?|__(?P<under>[^_]+)__:?)\s*$"
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
"""A link of the model's own: its words stay. Only messages are linked to."""


def numbers_in(text: str, most: int) -> list[int]:
    """The messages that are named, in that order, each once."""
    found = (number for cited in _CITED.findall(text) for number in _numbers(cited, most))
    return list(dict.fromkeys(found))


def claims(text: str, most: int) -> list[str]:
    """The lines of a draft that name a message that there is, and the headings above them; others are left out.

    `most`: the number of the last message.
    """
    kept: list[str] = []
    head = ""
    for line in text.splitlines():
        if (heading := _HEAD.match(line)) is not None:
            head = (heading["hash"] or heading["bold"] or heading["under"]).strip("*_ ")
        elif numbers_in(line, most) and _words_of(line):
            if head:
                kept.append(f"## {head}")
                head = ""
            kept.append(line.strip())
    return kept


def linked(lines: list[str], links: Mapping[int, str], most_chars: int) -> str:
    """The claims as they are posted, each with links to its messages; whole lines, at most so many characters.

    A message that can't be linked to is not named; its claim stays.
    """
    shown: list[str] = []
    order: dict[int, int] = {}
    room = most_chars
    for line in lines:
        text = _heading(line) if line.startswith("## ") else _claim(line, links, order)
        room -= len(text) + 1
        if room < 0:
            break
        shown.append(text)
    while shown and shown[-1].startswith("\n**"):
        shown.pop()
    return "\n".join(shown).strip()


def _claim(line: str, links: Mapping[int, str], order: dict[int, int]) -> str:
    cited = numbers_in(line, max(links, default=0))
    marks = []
    for number in [each for each in cited if links.get(each)][:MOST_CITED]:
        shown = order.setdefault(number, len(order) + 1)
        marks.append(f"[{shown}]({links[number]})")
    behind = f" ({', '.join(marks)})" if marks else ""
    return f"- {_words_of(line)}{behind}"


def _words_of(line: str) -> str:
    """What a claim says, without its marks, numbers and links."""
    text = _LINK.sub(r"\1", _CITED.sub("", _BULLET.sub("", line)))
    return " ".join(text.split())


def _heading(line: str) -> str:
    words = _LINK.sub(r"\1", _CITED.sub("", line[3:]))
    return f"\n**{literal(words)[:100]}**"


def _numbers(text: str, most: int) -> Iterator[int]:
    return (number for each in _NUMBER.findall(text) if 1 <= (number := int(each)) <= most)
