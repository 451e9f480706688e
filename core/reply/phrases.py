"""Every sentence that the bot says in its own voice. None of them is ever made by the model.

The English text is the message id, as in gettext: a catalogue translates it, `Voice` fills in the values.
"""

from __future__ import annotations

import gettext
import math
from enum import StrEnum

LONGEST_S = 365 * 86_400.0
"""No wait that is told is longer, whatever a server said."""


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

    # what goes on
    THINKING = "Thinking …"
    TOOL_RUNNING = "Using {tool} …"
    TOOL_RUNNING_BECAUSE = "Using {tool}: {reason} …"
    LENGTH_REACHED = "This answer reached the longest length I may write. Ask me to go on for the rest."
    CONTENT_FILTERED = "The rest of this answer was held back by the AI service's content filter."

    COST = "{model}, {tokens} tokens"

    # commands
    RESET_DONE = "Started a new conversation. I no longer see what we said before."

    # values
    SECONDS = "{count} seconds"
    SECOND = "1 second"
    MINUTES = "{count} minutes"
    MINUTE = "1 minute"
    HOURS = "{count} hours"
    HOUR = "1 hour"
    DAYS = "{count} days"


class Voice:
    """Speaks the sentences in one language."""

    def __init__(self, catalogue: gettext.NullTranslations | None = None) -> None:
        self._catalogue = catalogue or gettext.NullTranslations()

    def say(self, phrase: Phrase, **values: object) -> str:
        """The sentence with its values filled in."""
        return self._catalogue.gettext(phrase.value).format(**values)

    def duration(self, seconds: float) -> str:
        """A length of time in the unit that people would use, rounded up."""
        seconds = min(max(1.0, seconds), LONGEST_S)  # what is no number becomes the shortest
        for size, most, one, many in (
            (1, 59, Phrase.SECOND, Phrase.SECONDS),
            (60, 59, Phrase.MINUTE, Phrase.MINUTES),
            (3600, 47, Phrase.HOUR, Phrase.HOURS),
        ):
            count = math.ceil(seconds / size)
            if count <= most:
                return self.say(one if count == 1 else many, count=count)
        return self.say(Phrase.DAYS, count=math.ceil(seconds / 86_400))
