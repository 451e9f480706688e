"""Hooks: the operator's own code around a turn. The values that it is given and gives back, and the port to it.

A hook answers None (nothing is changed), the value that it was given with other words in it, or a `Refuse`. It may run
more than once for one turn: after a crash, after a wait, at each try of another model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

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


class Hooks(Protocol):
    """Who runs hooks. Nothing here raises, and each call has an end: a hook that fails is skipped, or refuses."""

    @property
    def changes_answers(self) -> bool:
        """Whether a hook may change answers, so that they are held back until it saw them whole."""

    def has(self, event: HookEvent) -> bool:
        """Whether there is a hook for it; where there is none, nothing is called."""

    async def before_question(self, question: Question) -> Question | Refuse: ...

    async def before_call(self, call: Call) -> Call | Refuse: ...

    async def after_answer(self, answered: Answered) -> Answered | Refuse: ...

    async def on_error(self, failed: Failed) -> Failed: ...

    def on_feedback(self, feedback: Feedback) -> None:
        """Have it told, soon, and perhaps not at all."""


class NoHooks:
    """Runs none."""

    changes_answers = False

    def has(self, event: HookEvent) -> bool:
        return False

    async def before_question(self, question: Question) -> Question | Refuse:
        return question

    async def before_call(self, call: Call) -> Call | Refuse:
        return call

    async def after_answer(self, answered: Answered) -> Answered | Refuse:
        return answered

    async def on_error(self, failed: Failed) -> Failed:
        return failed

    def on_feedback(self, feedback: Feedback) -> None:
        pass


NO_HOOKS = NoHooks()
