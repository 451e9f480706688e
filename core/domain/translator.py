"""What says the bot's own sentences: `core.i18n` has the sentences and the languages."""

from __future__ import annotations

from enum import StrEnum
from string import Formatter
from typing import Literal, Protocol

Rounding = Literal["nearest", "down", "up"]
CHOSEN = "-x-own"
"""Ends a locale that a person chose: a subtag for private use (RFC 5646, 2.2.7), which travels with it."""


class Sentence(StrEnum):
    """A sentence that the bot says, its value the English text; `core.i18n.phrases.PHRASES` has them all."""

    @property
    def key(self) -> str:
        """Its name in the catalogues and in `[replies.sentences]`."""
        return self.name.lower()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that it has values for."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.value) if name is not None)


def operators_words(key: str, text: str) -> Sentence:
    """Make a sentence of the operator's own: the same in every language. `key` is one that no catalogue has.

    Raises:
        ValueError: it holds braces, which stand for values in a sentence.
    """
    if "{" in text or "}" in text:
        raise ValueError("write it without { and }")
    named: type[Sentence] = Sentence(key, {key: text})  # type: ignore[call-arg, assignment]  # an enum made by call
    return named[key]


class Translator(Protocol):
    """Says the sentences in one language; numbers, money and durations in the form of one locale."""

    def say(self, phrase: Sentence, **values: object) -> str:
        """The sentence with its values filled in; numbers among them are written as the locale does."""

    def duration(self, seconds: float) -> str:
        """A length of time in the unit that people would use, rounded up."""

    def money(self, usd: float, rounding: Rounding = "nearest") -> str:
        """An amount in US dollars; one below ten cents is told to the hundredth of a cent.

        `rounding`: down or up where the amount stands beside another one that it is compared with.
        """


def as_chosen(locale: str) -> str:
    """Mark a locale as a person's own choice; `""` stays as it is."""
    return f"{locale}{CHOSEN}" if locale else ""


def is_chosen(locale: str) -> bool:
    """Whether a person chose it, and their platform did not only tell it."""
    return locale.endswith(CHOSEN)
