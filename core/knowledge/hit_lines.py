"""Writes documents that were found as Markdown: a name that leads to its address, a score, a piece of the text."""

from __future__ import annotations

import re

from core.aivax.knowledge.forms import Hit
from core.domain import Translator
from core.i18n import Phrase
from core.markdown.links import as_link, as_words, safe_address

NAME_CHARS = 100
EXCERPT_CHARS = 240
_BEFORE_CHARS = 60
_LEAST_WORD = 4
_ADDRESSES = ("url", "link", "permalink", "href", "source_url", "source")
"""Where metadata may hold an address: the first of these that holds one counts."""


def titled(hit: Hit, translator: Translator) -> str:
    """A document's name, as a link where its metadata holds an `https` address, and its score."""
    name = hit.name.strip() or translator.say(Phrase.SOURCE_NAMELESS)
    title = as_link(name, _address(hit), NAME_CHARS)
    if hit.score is None:
        return title
    return translator.say(Phrase.SOURCE_SCORED, name=title, score=round(hit.score, 2))


def _address(hit: Hit) -> str:
    values = (hit.metadata.get(name) for name in _ADDRESSES)
    return next((each for each in values if isinstance(each, str) and safe_address(each)), "")


def excerpt(hit: Hit, words: str) -> str:
    """A piece of a document's text around the first of the words that stands in it; `""` where it has no text."""
    text = " ".join(hit.content.split())
    wanted = [word for word in re.findall(r"\w+", words.casefold()) if len(word) >= _LEAST_WORD]
    places = [at for word in wanted if (at := text.casefold().find(word)) >= 0]
    begin = max(min(places, default=0) - _BEFORE_CHARS, 0)
    begin = text.find(" ", begin) + 1 if begin else 0
    piece = as_words(text[begin:], EXCERPT_CHARS)
    return f"…{piece}" if begin and piece else piece
