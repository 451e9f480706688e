"""The person at the terminal: lines in, answers out, one after the other."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO

from bots.terminal import PLATFORM
from bots.terminal.surface import TerminalSurface
from bots.terminal.text import printable
from core.domain import (
    Action,
    Administers,
    Author,
    Blob,
    ChannelMessage,
    Command,
    Commanded,
    Counting,
    Delivery,
    FrontendUnreachable,
    Identity,
    Intake,
    Ledger,
    MadeFile,
    Place,
    PlaceClosed,
    PlatformError,
    Pressed,
    Quote,
    ReplySurface,
    Said,
    Sign,
    Watch,
)
from core.i18n import COMMANDS, spoken_command

FAREWELLS = frozenset({"/quit", "/exit", "/bye"})
HELP = (
    "/reset starts a new conversation, /usage shows what you have used, /privacy what is stored about you, "
    "/export saves all of that as files, /forget has it deleted, /quit ends the chat; anything else is a message "
    "to the bot."
)
KEYS = "Alt-Enter, or a backslash before Enter, begins another line; Tab completes a command; Ctrl-C stops an answer.\n"
_OFFERED = (Command.RESET, Command.USAGE, Command.PRIVACY, Command.EXPORT, Command.FORGET, Command.DELETE)
_HELP, _QUIT = "help", "quit"


class Typing(Protocol):
    """What a person types on. It makes room for answers, which are drawn on the same screen."""

    def complete(self, commands: Mapping[str, str]) -> None:
        """Offer these words, each with what it does."""

    async def set_aside(self) -> None:
        """Take it from the screen until `go_on`."""

    def go_on(self) -> None: ...

    def forget(self) -> None:
        """Forget what was typed."""


class TerminalFrontend:
    """`core.domain.ports.Frontend` for a terminal.

    `listen` ends by itself with the input, after the last answer, or when nobody reads the output any more.
    """

    def __init__(
        self,
        lines: AsyncIterator[str],
        screen: TextIO,
        *,
        user: str,
        prompt: str = "",
        formats_markdown: bool = False,
        typing: Typing | None = None,
    ) -> None:
        """`formats_markdown`: answers are shown formatted, on a screen whose cursor can be moved.

        `typing` is what a person types on, where that is drawn on the same screen; the lines come from it then.
        """
        self._typing = typing
        self._lines = lines
        self._screen = screen
        self._user = user
        self._prompt = prompt
        self._formats_markdown = formats_markdown
        self._awaited: dict[str, asyncio.Event] = {}
        self._expected: Counter[str] = Counter()
        self._showing = 0
        """How many answers are on their way to the screen."""
        self._folder: Path | None = None
        self._gone = False

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Send each line as a message and wait for its answer before the next is read."""
        watch.up()
        if self._typing is not None:
            self._typing.complete(commands_of(intake))
        with suppress(FrontendUnreachable):  # what is not shown yet stays in line for the next chat
            self.show(self._prompt)
            async for line in self._lines:
                if line.strip().lower() in FAREWELLS:
                    return
                await self._send(line, intake)
                self.show(self._prompt)
            self.show("\n" if self._prompt else "")

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        painter = None
        if self._formats_markdown:
            from bots.terminal.markdown import MarkdownPainter  # takes a moment to import

            painter = MarkdownPainter(self.show)
        return TerminalSurface(self, address, ledger, painter, watched=self._screen.isatty())

    async def sign(self, address: str, sign: Sign = Sign.WAITS) -> bool:
        """A terminal has no reactions: the sentence is said again."""
        return False

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        """Nobody else speaks at a terminal."""
        return ()

    async def history(self, address: str, most: int, told: Counting) -> Sequence[Quote]:
        """A terminal has no channel."""
        return ()

    async def said_between(
        self, address: str, since: datetime, until: datetime, most: int
    ) -> Sequence[ChannelMessage]:
        """A terminal has no channel."""
        raise PlaceClosed(PLATFORM, code="no_history")

    async def link(self, address: str, origin: str = "") -> str:
        """Nothing on a terminal can be linked to."""
        return ""

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        raise PlatformError(PLATFORM, code="no_attachments")

    async def attach(
        self, address: str, files: Sequence[MadeFile], delivery: Delivery, ledger: Ledger, *, again: bool
    ) -> str:
        """Save files among the system's temporary ones, and say where, or name them where nothing can be written."""
        saved: Sequence[Path | str]
        try:
            saved = await asyncio.to_thread(self._save, files)
        except OSError:
            saved = [file.name for file in files]
        for file, path in zip(files, saved, strict=True):
            shown = f"{printable(file.alt)}: " if file.alt else ""
            self.show(f"[{shown}{path}]\n")
        self._expected[address] -= len(files)
        if self._expected[address] <= 0:
            self.end(address)
        return PLATFORM

    async def remove(self, address: str, message_ids: Sequence[str]) -> None:
        """What was said on a terminal stays on it."""
        raise PlaceClosed(PLATFORM, code="terminal")

    def _save(self, files: Sequence[MadeFile]) -> list[Path]:
        """Write files into a folder that nobody else can read, under names that are still free there."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="aivax-bots-"))
        saved: list[Path] = []
        for file in files:
            path, number = self._folder / file.name, 1
            while path.exists():
                number += 1
                path = self._folder / f"{number}-{file.name}"
            path.write_bytes(file.data)
            saved.append(path)
        return saved

    async def adorn(self, address: str, title: str, prompts: Sequence[str]) -> None:
        """A terminal has neither."""

    @property
    def ids_are_global(self) -> bool:
        return True

    async def aside(self, address: str, identity: Identity) -> tuple[Place, str]:
        """Nobody else reads a terminal."""
        return Place(PLATFORM, "", "terminal", private=True), address

    async def reach(self, address: str, place: Place, who: Identity) -> tuple[Place, str]:
        """They are told where they asked."""
        return place, address

    async def administers(self, who: Identity, place: Place) -> Administers:
        """A terminal is no place of a server: there is nothing to set."""
        return Administers.NOTHING

    def address_of(self, channel: str) -> str:
        return channel

    async def begin(self, address: str) -> None:
        """An answer begins to show. One that nobody here waits for was asked before this chat began."""
        self._showing += 1
        if self._typing is not None:
            await self._typing.set_aside()
        if address not in self._awaited:
            self.show("(You asked this before; here is the answer.)\n")

    def leave(self, address: str) -> None:
        """What was to show of an answer for now stands on the screen."""
        self._showing -= 1
        if self._typing is not None and not self._showing:
            self._typing.go_on()

    @property
    def is_answering(self) -> bool:
        """Whether something was asked or begun that is not whole on the screen."""
        return bool(self._awaited or self._showing)

    async def stop(self, intake: Intake) -> None:
        """Have what is being answered go no further."""
        author, place = _here(self._user)
        key = f"{PLATFORM}:{uuid.uuid4().hex}"
        await intake.receive(Pressed((key,), author, place, Action.STOP, turn="", address=key))

    def wait_no_more(self) -> None:
        """Nothing more comes of what was asked."""
        for answered in self._awaited.values():
            answered.set()

    def expect(self, address: str, files: int) -> None:
        """An answer is whole on the screen but for so many files."""
        self._expected[address] = files

    def end(self, address: str) -> None:
        """An answer is whole on the screen."""
        self._expected.pop(address, None)
        if address in self._awaited:
            self._awaited[address].set()

    def show(self, text: str) -> None:
        """Print at once. Raises `FrontendUnreachable` when nobody reads the output any more, and ends the chat."""
        if not self._gone:
            try:
                self._screen.write(text)
                self._screen.flush()
            except OSError:
                self._gone = True
                self.wait_no_more()
        if self._gone:
            raise FrontendUnreachable(PLATFORM, detail="nobody reads the output any more")

    async def _send(self, line: str, intake: Intake) -> None:
        if line.strip().lower() == "/help":
            self.show(f"{HELP}\n{KEYS if self._typing is not None else ''}")
            return
        key = f"{PLATFORM}:{uuid.uuid4().hex}"
        event = translate(line, user=self._user, key=key)
        if event is None:
            return
        answered = self._awaited[key] = asyncio.Event()
        try:
            await intake.receive(event)
            if isinstance(event, Commanded) and event.command is Command.ERASE and self._typing is not None:
                self._typing.forget()
            await answered.wait()
        finally:
            del self._awaited[key]


def translate(line: str, *, user: str, key: str) -> Said | Commanded | None:
    """What the person at the terminal said or ordered; None for an empty line. `key` names the line for good."""
    text = line.strip()
    if not text:
        return None
    author, place = _here(user)
    command = spoken_command(text)
    if command is not None:
        return Commanded((key,), author, place, command, address=key)
    return Said((key,), author, place, text, address=key, origin=key)


def commands_of(intake: Intake) -> dict[str, str]:
    """The words that can be given as commands here, in the reader's language, each with what it does."""
    _, place = _here("")
    translator = intake.translator("", place)
    known = [COMMANDS[each] for each in _OFFERED]
    words = {translator.say(name): translator.say(meaning) for name, meaning in known}
    able = {translator.say(each.word): translator.say(each.description) for each in intake.capabilities()}
    return {**words, **able, _HELP: "", _QUIT: ""}


def _here(user: str) -> tuple[Author, Place]:
    author = Author(Identity(PLATFORM, "", user), name=user)
    return author, Place(PLATFORM, "", "terminal", private=True)
