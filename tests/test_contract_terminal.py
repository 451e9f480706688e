"""The contract suites on the terminal."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from aivax_bots.testing import ANA, Ability, Adapter, ConversationContract, FrontendContract
from bots.terminal.frontend import TerminalFrontend

pytestmark = pytest.mark.may_skip("what a platform lacks is declared")
FILE = re.compile(r"\[(?:[^\]]*: )?[^\]]*?([^/\]]+)\]")


class TerminalAdapter(Adapter):
    """A person who types, and a screen that is only ever added to."""

    private = True
    longest = 1_000_000
    obeys = "\x1b\x07"
    lacks: ClassVar[Mapping[Ability, str]] = {
        Ability.MEMORY: "what is on a screen stays as it is",
        Ability.REMOVAL: "what is on a screen stays",
        Ability.BUTTONS: "a terminal has lines",
        Ability.SIGNS: "a terminal has lines",
        Ability.ATTACHMENTS: "a line holds no file",
        Ability.TYPING: "a status is a line of its own, where somebody watches",
        Ability.EDITS: "a line that was sent is sent",
        Ability.DELETIONS: "a line that was sent is sent",
        Ability.REDELIVERY: "a line is typed once; where it can't be stored, the chat ends and says so",
        Ability.PEOPLE: "one person sits there",
        Ability.REFUSAL: "a terminal asks for no token",
        Ability.WIRE: "every line is something said",
        Ability.PROCESS: "the chat is the process: tests/test_cli.py ends it in mid-answer",
    }

    def __init__(self) -> None:
        self.typed: asyncio.Queue[str] = asyncio.Queue()
        self.screen = io.StringIO()

    def settings(self) -> dict[str, object]:
        return {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TerminalFrontend]:
        async def lines() -> AsyncIterator[str]:
            while True:  # no deadline: a person who says nothing more
                yield await self.typed.get()  # no deadline: likewise

        yield TerminalFrontend(lines(), self.screen, user="ana")

    async def say(self, words: str, *, by: str = ANA) -> None:
        await self.typed.put(words)

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return [self.screen.getvalue()]

    def files(self) -> Sequence[str]:
        return FILE.findall(self.screen.getvalue())


class TestTerminal(FrontendContract):
    adapter = TerminalAdapter


class TestTerminalConversations(ConversationContract):
    adapter = TerminalAdapter
