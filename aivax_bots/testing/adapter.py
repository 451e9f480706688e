"""What the suite needs of a platform: a stand-in with two people in it, and a way to open the frontend before it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from importlib.metadata import EntryPoint
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, ClassVar, Self

from aivax_bots import Frontend, Host, Mounts, Plugin
from core.i18n import Translators
from core.storage.db import Database

ANA, BEN = "ana", "ben"
"""The people at the platform: Ana, who is alone in most tests, and Ben."""


class Ability(Enum):
    """What a platform, or its stand-in, may lack. A frontend promises everything else."""

    GROWING = "answers that grow while they are written"
    MEMORY = "messages that a later process finds and changes"
    REMOVAL = "taking its messages away"
    BUTTONS = "buttons"
    SIGNS = "signs on a question"
    FILES = "files below an answer"
    ATTACHMENTS = "files beside a question"
    TYPING = "a sign that an answer is under way"
    EDITS = "questions that are edited"
    DELETIONS = "questions that are deleted"
    PEOPLE = "more than one person"
    REDELIVERY = "events that come again until they are acknowledged"
    WIRE = "events of forms that nobody knows"
    REFUSAL = "a token, or another setting, that it refuses"
    PROCESS = "a process that serves it and can be killed"


class Adapter(ABC):
    """A platform's stand-in, with one place in which people talk with the bot. Opened anew for each test.

    Write one for your platform, and subclass the suites with it:

        class TestPigeonAnswers(FrontendContract):
            adapter = PigeonAdapter

        class TestPigeonConversations(ConversationContract):
            adapter = PigeonAdapter

    The methods of an ability are called only where `lacks` does not name it.
    """

    plugin: ClassVar[str]
    """The value of the frontend's entry point: `pigeon_bot.plugin:plugin`."""
    private: ClassVar[bool]
    """Whether the place is one person's own, such as a direct message. Then Ben has another."""
    longest: ClassVar[int]
    """How many characters one message shows at most."""
    obeys: ClassVar[str] = ""
    """Characters that what shows messages there would obey instead of showing them."""
    lacks: ClassVar[Mapping[Ability, str]] = {}
    """What there is not, each with the reason. The tests of these are skipped with it; those of what takes their place
    run."""

    async def __aenter__(self) -> Self:
        """Start the stand-in."""
        return self

    async def __aexit__(  # noqa: B027  a stand-in in memory ends by itself
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The frontend's section of the configuration, with which it talks to the stand-in; secrets as plain text."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Frontend]:
        """Open the frontend as the program does. Called again, it is another process at the same stand-in."""
        plugin: Plugin = EntryPoint("", self.plugin, "").load()
        with TemporaryDirectory(prefix="aivax-bots-") as folder:
            unopened = Database(f"sqlite+aiosqlite:///{folder}/unopened.sqlite3")
            host = Host(unopened, Mounts(), Translators())
            async with plugin.open(plugin.section(**self.settings()), host) as frontend:
                yield frontend

    @abstractmethod
    async def say(self, words: str, *, by: str = ANA) -> Any:
        """Have somebody say something to the bot; what comes back names the message for `edit` and `delete`."""

    @abstractmethod
    def visible(self, *, to: str = ANA) -> Sequence[str]:
        """The text of each message of the bot's that somebody sees in the place now, from the first to the last."""

    def pings(self) -> Sequence[str]:
        """Whom the bot's messages notified by a mention."""
        return ()

    # Ability.BUTTONS

    def buttons(self) -> Sequence[str]:
        """What stands on the buttons that Ana sees now, in order."""
        return ()

    async def press(self, label: str) -> None:
        """Have Ana press the button with that label."""
        raise NotImplementedError(Ability.BUTTONS)

    # Ability.FILES, ATTACHMENTS

    def files(self) -> Sequence[str]:
        """The names of the bot's files that Ana sees now."""
        raise NotImplementedError(Ability.FILES)

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        """Have Ana send a text file with some words to the bot."""
        raise NotImplementedError(Ability.ATTACHMENTS)

    # Ability.TYPING, EDITS, DELETIONS, REDELIVERY, WIRE, REFUSAL

    def is_typing(self) -> bool:
        """Whether Ana is shown that the bot is at work, other than by a message."""
        raise NotImplementedError(Ability.TYPING)

    async def edit(self, said: Any, words: str) -> None:
        """Have Ana change what she said."""
        raise NotImplementedError(Ability.EDITS)

    async def delete(self, said: Any) -> None:
        """Have Ana delete what she said."""
        raise NotImplementedError(Ability.DELETIONS)

    async def redeliver(self) -> None:  # noqa: B027  most send again by themselves
        """Let the time pass after which the platform sends again what was not acknowledged."""

    async def surprise(self) -> None:
        """Send the frontend what its platform documents nowhere: an unknown event, a known one without its fields or
        with fields of other types, and what is no event at all."""
        raise NotImplementedError(Ability.WIRE)

    async def refuse(self) -> None:
        """Have the platform refuse what the settings hold, from now on: a token that was revoked, say."""
        raise NotImplementedError(Ability.REFUSAL)
