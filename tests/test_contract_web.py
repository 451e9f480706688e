"""The contract suites on the chat of the web console, over HTTP: the pages are another process at the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, Self

import pytest

from aivax_bots.testing import ANA, Ability, Adapter, ConversationContract, FrontendContract
from bots.web.bounds import Bounds
from bots.web.console.chat.channel import MAX_SIZE
from bots.web.console.chat.desk import ChatParts, chat_of
from bots.web.console.chat.frontend import ChatFrontend
from bots.web.console.settings import ConsoleSettings
from core.i18n.console_text import ConsoleText
from core.storage.db import Database
from tests.chat_house import House, Person

pytestmark = pytest.mark.may_skip("what a platform lacks is declared")
SETTINGS = ConsoleSettings(enabled=True, chat_interval_s=0.1)


@pytest.fixture(scope="module", autouse=True)
def _house() -> Iterator[None]:
    ChatAdapter.house = House()
    ChatAdapter.house.start()
    yield
    ChatAdapter.house.close()


class ChatAdapter(Adapter):
    """Ana and Ben, each with the page *Try it* open."""

    house: ClassVar[House]
    private = True
    longest = MAX_SIZE
    lacks: ClassVar[Mapping[Ability, str]] = {
        Ability.SIGNS: "the page itself shows that a question waits; anything else is a sentence",
        Ability.EDITS: "what was sent stays as it is",
        Ability.DELETIONS: "what was sent stays as it is",
        Ability.REFUSAL: "the chat needs no token",
        Ability.PROCESS: "the console is no plugin: tests/test_console_chat_kill.py kills the bot in mid-answer",
    }

    def __init__(self) -> None:
        self._open: list[ChatParts] = []

    async def __aenter__(self) -> Self:
        self.house.empty()
        return self

    def settings(self) -> Mapping[str, object]:
        return {}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ChatFrontend]:
        async with Database(self.house.url) as database:
            parts = chat_of(SETTINGS, Bounds(), database, 0.0)
            self._open.append(parts)
            yield parts.frontend
            self._open.remove(parts)

    def _person(self, name: str) -> Person:
        return self.house.people[name]

    def _ring(self) -> None:
        """As PostgreSQL tells the other processes."""
        for each in self._open:
            each.news.tell_all()

    async def say(self, words: str, *, by: str = ANA) -> None:
        await asyncio.to_thread(self._person(by).post, "/try/say", text=words)
        self._ring()

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        files = {"files": (name, data, "application/x-whatever")}
        await asyncio.to_thread(lambda: self._person(ANA).post("/try/say", files=files, text=words))
        self._ring()

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return [each["text"] for each in self._person(to).messages() if each["text"]]

    def files(self) -> Sequence[str]:
        return [name for each in self._person(ANA).messages() for name in each["files"]]

    def buttons(self) -> Sequence[str]:
        return [label for _, label in self._person(ANA).buttons()]

    async def press(self, label: str) -> None:
        value = next(value for value, each in self._person(ANA).buttons() if each == label)
        await asyncio.to_thread(self._person(ANA).post, "/try/press", press=value)
        self._ring()

    def is_typing(self) -> bool:
        return ConsoleText.CHAT_WORKING.value in self._person(ANA).get("/try").text

    async def surprise(self) -> None:
        ana = self._person(ANA)
        for fields in (
            {"press": "explode|k1|"},
            {"press": "keep"},
            {"press": "|||||"},
            {"idea": "9.x"},
            {"idea": "."},
            {},
        ):
            await asyncio.to_thread(ana.post, "/try/press", **fields)
        for request in (
            {"json": {"text": "hello"}},
            {"content": b"--x\r\nno form", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
            {"content": b"text=hello", "headers": {"Content-Type": "multipart/form-data"}},
            {"content": b"\xff\xfe", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        ):
            got = await asyncio.to_thread(lambda request=request: ana.raw("/try/say", **request))
            assert got.status_code == 403
        self._ring()


class TestChat(FrontendContract):
    adapter = ChatAdapter


class TestChatConversations(ConversationContract):
    adapter = ChatAdapter
