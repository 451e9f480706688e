"""What `init` and a platform say to each other: questions, how an answer is tried, and what a platform brings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from core.domain import Translator


class AnswerRefusedError(Exception):
    """An answer that does not do."""

    def __init__(self, why: str, cure: str = "", *, passing: bool = False) -> None:
        """`passing`: the same answer may do when it is tried again, as where a service is away."""
        super().__init__(why)
        self.why, self.cure, self.passing = why, cure, passing


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and the setting that its answer becomes."""

    name: str
    """`section.key`, in an answers file too: `slack.bot_token`."""
    text: str
    help: str = ""
    """Where the answer is found. It becomes the comment above the setting."""
    is_secret: bool = False
    choices: tuple[Choice, ...] = ()
    takes_many: bool = False
    takes_others: bool = False
    """Whether what is not among the choices may be written, too."""
    default: str = ""
    """What nothing at all means; `""`: an answer must be given."""


Trial = Callable[[Any], Awaitable[str]]
"""Tries an answer, given the section with the answer in it. Tells what was found, such as the bot's name, or raises
`AnswerRefusedError`."""


class Interview(Protocol):
    """One platform's part of the conversation. What is said is for a terminal, what is asked for its section."""

    @property
    def section(self) -> Any:
        """The platform's section as far as it is known by now, with what the environment sets."""
        ...

    @property
    def translator(self) -> Translator:
        """The bot's own sentences, in the language of the configuration."""
        ...

    def say(self, text: str) -> None:
        """Show a paragraph."""
        ...

    async def ask(self, question: Question, trial: Trial | None = None) -> None:
        """Ask until an answer does, and keep it in the section."""
        ...


class PlatformSetup(Protocol):
    """What a platform brings to `init`."""

    @property
    def title(self) -> str:
        """Its name for people."""
        ...

    @property
    def keys(self) -> Sequence[str]:
        """The settings of its section that it may ask for."""
        ...

    async def interview(self, talk: Interview) -> None:
        """Ask for what this platform needs, and say what is to be done there."""
        ...

    async def channels(self, section: Any) -> Sequence[Choice]:
        """The channels that the bot can write in, as `[operators] channel` names them behind the colon.

        Raises:
            AnswerRefusedError: the platform does not tell.
        """
        ...

    async def post(self, section: Any, channel: str, text: str) -> str:
        """Post a message, find it again, and tell the channel's name.

        Raises:
            AnswerRefusedError: it can't be posted, or can't be read there.
        """
        ...
