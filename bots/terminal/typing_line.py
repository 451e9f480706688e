"""The line that a person types on: messages of several lines, what was typed before, commands completed.

The only module that draws with prompt-toolkit; pipes never get here.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import StdoutProxy

from bots.terminal.typed_history import TypedHistory

PROMPT, GOES_ON = "\nyou> ", "...> "
MENU_ROWS = 4
"""Kept free below the line for what it may be completed to."""


class _SetAside(Exception):
    """The line makes room for an answer."""


class TypingLine:
    """Asks for one message after the other. While an answer shows, the line and what stands on it are set aside."""

    def __init__(self, history: TypedHistory | None) -> None:
        """`history` is for what is typed; None: it is kept while the chat goes on, and no longer."""
        self._history = history
        self._commands: Mapping[str, str] = {}
        self._free = asyncio.Event()
        self._free.set()
        self._asks_no_more = asyncio.Event()
        self._session = self._begin()

    def _begin(self) -> PromptSession[str]:
        return PromptSession(
            PROMPT,
            multiline=True,
            prompt_continuation=GOES_ON,
            history=_Kept(self._history) if self._history is not None else InMemoryHistory(),
            completer=_CommandCompleter(lambda: self._commands),
            complete_while_typing=True,
            reserve_space_for_menu=MENU_ROWS,
            key_bindings=_keys(),
        )

    @contextmanager
    def log_above(self) -> Iterator[None]:
        """Have log lines on the same terminal stand above the line that is typed on, in place of within it."""
        handlers = [each for each in logging.getLogger().handlers if isinstance(each, logging.StreamHandler)]
        theirs = [each for each in handlers if each.stream is sys.stderr and sys.stderr.isatty()]
        with StdoutProxy(raw=True) as above:
            for handler in theirs:
                handler.setStream(above)
            try:
                yield
            finally:
                for handler in theirs:
                    handler.setStream(sys.stderr)

    def complete(self, commands: Mapping[str, str]) -> None:
        """Offer these words, each with what it does, behind a `/`."""
        self._commands = commands

    async def messages(self) -> AsyncIterator[str]:
        """What is typed, until Ctrl-D or Ctrl-C."""
        typed = ""
        while True:
            await self._free.wait()
            try:
                message = await self._ask(typed)
            except (EOFError, KeyboardInterrupt):
                return
            except _SetAside:
                typed = self._session.default_buffer.text
            else:
                typed = ""
                yield message

    async def _ask(self, typed: str) -> str:
        self._asks_no_more.clear()
        self._session.app.erase_when_done = False
        try:
            # the loop and Ctrl-C outside of the line stay the program's own
            return await self._session.prompt_async(
                default=typed, set_exception_handler=False, handle_sigint=False
            )
        finally:
            self._asks_no_more.set()

    async def set_aside(self) -> None:
        """Take the line from the screen, if it is there; it does not come back before `go_on`."""
        self._free.clear()
        app = self._session.app
        if app.is_running and not app.is_done:
            app.erase_when_done = True
            app.exit(exception=_SetAside())
            await self._asks_no_more.wait()

    def go_on(self) -> None:
        """Have the line come back."""
        self._free.set()

    def forget(self) -> None:
        """Forget all that was typed, here and in the file."""
        if self._history is not None:
            self._history.erase()
        self._session = self._begin()


class _Kept(History):
    """prompt-toolkit's history over our file."""

    def __init__(self, typed: TypedHistory) -> None:
        super().__init__()
        self._typed = typed

    def load_history_strings(self) -> Iterable[str]:
        return self._typed.texts()

    def store_string(self, string: str) -> None:
        self._typed.add(string)


class _CommandCompleter(Completer):
    """Completes the first word of a message behind a `/`."""

    def __init__(self, commands: Callable[[], Mapping[str, str]]) -> None:
        self._commands = commands

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        begun = document.text_before_cursor
        if not begun.startswith("/") or begun != begun.rstrip():
            return
        for word, meaning in self._commands().items():
            if word.startswith(begun[1:].casefold()):
                yield Completion(f"/{word}", -len(begun), display_meta=meaning)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        """Send; behind a backslash at the end of a line, begin another one."""
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\" and buffer.document.is_cursor_at_the_end_of_line:
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def begin_line(event: KeyPressEvent) -> None:
        """Alt-Enter: another line of the same message."""
        event.current_buffer.insert_text("\n")

    return keys
