"""What hooks are given and give back.

A hook answers None (nothing is changed), the value that it was given with other words in it, or a `Refuse`. It may run
more than once for one turn: after a crash, after a wait, at each try of another model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from core.domain.messages import Author, Place


class HookEvent(StrEnum):
    """When a hook runs."""

    BEFORE_QUESTION = "before_question"
    BEFORE_CALL = "before_call"
    AFTER_ANSWER = "after_answer"
    ON_ERROR = "on_error"
    ON_FEEDBACK = "on_feedback"


@dataclass(frozen=True, slots=True)
class Refuse:
    """The person is told `sentence` in place of an answer; `""`: the bot's own words for it."""

    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is about to be put to the model. `text`, `context` and `model` may be changed."""

    author: Author
    place: Place
    text: str = field(repr=False)
    """What the person wrote; several messages that wait together are one question."""
    model: str
    """The gateway that will be asked; another one must be named somewhere in the configuration."""
    files: tuple[str, ...] = ()
    """The names of the files beside it."""
    context: str = field(default="", repr=False)
    """What is added to the instructions."""


@dataclass(frozen=True, slots=True)
class CallMessage:
    """One message of a call. `texts` may be changed, not their number: files stand between them."""

    role: Literal["system", "user", "assistant"]
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """All words of one call: instructions, history, what was said around, the question. `messages` may be changed."""

    author: Author
    place: Place
    model: str
    messages: tuple[CallMessage, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A whole answer. `note` may be changed, and `text` by a hook that declares that it changes answers."""

    author: Author
    place: Place
    question: str = field(repr=False)
    text: str = field(repr=False)
    note: str = ""
    """A sentence below the answer, which is no part of it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A turn that ends without a whole answer. `sentence`, what the person is told, may be changed."""

    author: Author
    place: Place
    error: str
    """The kind of error, such as `RateLimited`."""
    reference: str
    """What the person quotes, and the log names it by."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody thinks of an answer. Nothing is changed by it."""

    place: Place
    good: bool
    comment: str = field(repr=False)
    question: str = field(repr=False)
    answer: str = field(repr=False)
