"""What a thread says, as a text that can be learnt: who said what, a paragraph for each message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.conversations.framing import Names, harmless, is_blank
from core.domain import Quote, Translator
from core.i18n import Phrase
from core.knowledge.learning.documents import name_of
from core.util.text import shorten

TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Thread:
    """The words of a thread."""

    title: str
    text: str
    origins: tuple[str, ...]
    """The platform's ids of its messages."""
    has_files: bool
    """Whether files hang on its messages: they are not learnt with it."""


def thread_of(quotes: Sequence[Quote]) -> Thread | None:
    """Write a thread down; None where nobody said anything in it.

    What the bot itself said is left out: made up by a model, it would come back as if it were known.
    """
    said = [quote for quote in quotes if not quote.own and not is_blank(quote.text)]
    if not said:
        return None
    names = Names()
    paragraphs = [
        f"{names.label(quote.author_name, quote.author)}: {harmless(quote.text).strip()}" for quote in said
    ]
    return Thread(
        title=name_of(shorten(harmless(said[0].text).strip(), TITLE_CHARS)),
        text="\n\n".join(paragraphs),
        origins=tuple(quote.origin for quote in said),
        has_files=any(quote.attachments for quote in quotes if not quote.own),
    )


def read_channel_words(words: str, translator: Translator) -> tuple[int, str] | None:
    """Read `channel`, `channel 200` or `channel 200 NAME`: how many messages (0: as many as may be), and a name.

    None where the words ask for no channel.
    """
    word, _, behind = words.strip().partition(" ")
    known = {Phrase.LEARN_CHANNEL.value.casefold(), translator.say(Phrase.LEARN_CHANNEL).casefold()}
    if word.casefold() not in known:
        return None
    count, _, name = behind.strip().partition(" ")
    return (
        (int(count), name.strip())
        if count.isascii() and count.isdigit() and len(count) < 10
        else (0, behind.strip())
    )
