"""Every sentence that the bot says in its own voice. None of them is ever made by the model.

The English text is the message id and the name its context, as in gettext: `locales/` holds the catalogues that
translate it, `core.reply.voices` chooses one, `Voice` fills in the values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter

from core.reply import forms

LONGEST_S = 365 * 86_400.0
"""No wait that is told is longer, whatever a server said."""
MOST_OF_A_UNIT: Mapping[forms.Unit, int] = {"second": 59, "minute": 59, "hour": 47, "day": 365}
"""Beyond so many of a unit, people use the next larger one."""


class Phrase(StrEnum):
    """The sentences, in English, with `{placeholders}`."""

    # apologies
    NO_BALANCE = (
        "I can't answer right now: the account that pays for my answers is out of credit. "
        "The people who run me have been told. Please ask again later."
    )
    RATE_LIMITED = "I'm getting more questions than I may answer right now. Please try again in a minute."
    RATE_LIMITED_UNTIL = "I'm getting more questions than I may answer right now. Please try again in {wait}."
    KEY_REFUSED = (
        "I can't answer right now: I'm not set up correctly on our side. It is nothing you did, "
        "and the people who run me have been told."
    )
    GATEWAY_UNKNOWN = (
        "I can't answer right now: the AI model that I'm set up to use can't be found. It is nothing you did, "
        "and the people who run me have been told."
    )
    REQUEST_REFUSED = (
        "The AI service didn't accept this question. Try asking it in another way. "
        "If that doesn't help, quote reference {reference} to the people who run me."
    )
    CONTEXT_TOO_LONG = (
        "This conversation, or this message, is too long for me to read in one go. Try a shorter message, "
        "or start a new conversation with {reset}."
    )
    MESSAGE_TOO_LONG = (
        "That message is too long for me: I can read up to {most} characters at once, and it has {length}."
    )
    UNAVAILABLE = "The AI service doesn't respond at the moment. Please try again in a few minutes."
    ANSWER_CUT = (
        "My answer was cut short here: the connection to the AI service broke off. Ask again and I'll retry."
    )
    ANSWER_EMPTY = "I couldn't come up with an answer to that. Try asking it in another way."
    GAVE_UP = (
        "Something on our side interrupted me several times, so I couldn't answer this. Please ask again. "
        "(Reference: {reference})"
    )
    UNKNOWN = (
        "Something went wrong on our side, and I couldn't answer. Please try again; if it happens again, "
        "quote reference {reference} to the people who run me."
    )
    BUSY = "There are too many questions waiting at the moment, so I can't take this one. Please try again in a while."
    ATTACHMENT_SKIPPED = "I couldn't read {name}, so this answer goes without it."

    GREETING = "Hi! Ask me anything: write your question in the same message in which you mention me."

    # waiting behind a gate
    KEPT_BALANCE = (
        "I can't answer right now: the account that pays for my answers is out of credit. The people who run me "
        "have been told. I've kept your question and will answer it as soon as that is mended."
    )
    KEPT_STORAGE = (
        "I can't answer right now: the account's storage is full. The people who run me have been told. "
        "I've kept your question and will answer it as soon as that is mended."
    )
    KEPT_RATE = (
        "I'm getting more questions than I may answer right now. "
        "I've kept yours and will answer it in about {wait}."
    )
    KEPT_OUTAGE = (
        "The AI service doesn't respond at the moment. I've kept your question and will answer it as soon as "
        "the service is back."
    )
    KEPT_TOO_LONG = (
        "I couldn't answer this in time, and it has waited too long now. "
        "If you still want to know, please ask again."
    )
    WITHOUT_MEDIA = "The account's credit is too low to look at files, so this answer goes without {names}."

    # what goes on
    THINKING = "Thinking …"
    TOOL_RUNNING = "Using {tool} …"
    TOOL_RUNNING_BECAUSE = "Using {tool}: {reason} …"
    TOOL_UNNAMED = "a tool"
    LENGTH_REACHED = "This answer reached the longest length I may write. Ask me to go on for the rest."
    CONTENT_FILTERED = "The rest of this answer was held back by the AI service's content filter."

    COST = "{model}, {tokens} tokens"

    # commands
    RESET_DONE = "Started a new conversation. I no longer see what we said before."

    @property
    def key(self) -> str:
        """Its name in the catalogues and in `[replies.sentences]`."""
        return self.name.lower()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names that it has values for."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.value) if name is not None)


class Voice:
    """Speaks the sentences in one language; numbers, money and durations in the form of one locale."""

    def __init__(self, locale: str = "en", sentences: Mapping[Phrase, str] | None = None) -> None:
        """`locale` is one that Babel knows. What is not among `sentences` is said in English."""
        self._locale = locale
        self._sentences = sentences or {}

    def say(self, phrase: Phrase, **values: object) -> str:
        """The sentence with its values filled in; numbers among them are written as the locale does."""
        shown = {name: self._shown(value) for name, value in values.items()}
        return self._sentences.get(phrase, phrase.value).format(**shown)

    def duration(self, seconds: float) -> str:
        """A length of time in the unit that people would use, rounded up."""
        seconds = min(max(1.0, seconds), LONGEST_S)  # what is no number becomes the shortest
        for unit, most in MOST_OF_A_UNIT.items():
            count = math.ceil(seconds / forms.UNIT_S[unit])
            if count <= most:
                break
        return forms.duration(count, unit, self._locale)

    def money(self, usd: float) -> str:
        """An amount in US dollars; one below ten cents is told to the hundredth of a cent."""
        return forms.money(usd, self._locale)

    def _shown(self, value: object) -> object:
        return forms.number(value, self._locale) if isinstance(value, int | float) else value
