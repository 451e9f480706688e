"""What is said on *Try it* goes as its author wants: forgotten by a word there, with a comment on what was wrong."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from aivax_bots.testing.stage import Stage, listening_to, staged
from bots.web.console.chat.frontend import ChatFrontend
from core.domain.console import Role
from core.storage.db import console_chat, console_files
from tests.console_stage import ADDRESS, Console, Page, Surfer, console_on, sqlite_copy

SECRET = "the vault opens with 7731"
IN_FILE = "harpsichord-and-marmalade"
_BUTTON = re.compile(r'name="press" value="([^"]*)"')


async def until(looked: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(60):
            while not await looked():  # noqa: ASYNC110  rows and files tell nobody of a change
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"waited in vain for {what}")


@dataclass
class Chat:
    """The console and the core over one file, and somebody who talks there."""

    console: Console
    stage: Stage[ChatFrontend]
    surfer: Surfer
    path: Path

    async def send(self, words: str, *files: tuple[str, bytes]) -> None:
        page = await self.surfer.see("/try")
        fields = {"form_token": page.form_token, "text": words}
        parts = [("files", (name, data, "text/plain")) for name, data in files]
        got = await self.surfer.client.post(
            "/console/try/say", data=fields, files=parts or None, headers={"Origin": ADDRESS}
        )
        assert got.status_code == 303

    async def press(self, action: str, **fields: str) -> Page:
        page = await self.surfer.see("/try")
        found = [html.unescape(each) for each in _BUTTON.findall(page.source)]
        (button,) = [each for each in found if each.startswith(f"{action}|")][-1:]
        return await self.surfer.send("/try/press", press=button, **fields)

    async def reads(self, words: str) -> None:
        """Wait until the page has these words."""

        async def looked() -> bool:
            return words in (await self.surfer.see("/try")).text

        await until(looked, f"{words!r} on the page")

    def left(self, words: str) -> list[str]:
        """The raw files in which the words stand."""
        files = [Path(f"{self.path}{suffix}") for suffix in ("", "-wal", "-journal")]
        return [each.name for each in files if each.exists() and words.encode() in each.read_bytes()]

    async def gone(self, words: str) -> None:
        async def looked() -> bool:
            return not self.left(words)

        await until(looked, f"{words!r} to be left nowhere")


@pytest.fixture
async def chat(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Chat]:
    async with opened(sqlite_copy(migrated_sqlite, tmp_path)) as found:
        yield found


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Chat]:
    async with console_on(url) as console:
        assert console.chat is not None
        surfer = await console.user("ana", Role.OPERATOR)
        frontend = console.chat.frontend
        async with (
            staged(url, frontend) as stage,
            listening_to(frontend, stage.core.intake),
        ):
            stage.sandbox.state.tokens_per_s = 0
            yield Chat(console, stage, surfer, Path(url.partition("///")[2]))


async def count(chat: Chat) -> list[int]:
    async with chat.console.database.read() as connection:
        tables = (console_chat, console_files)
        return [int(await connection.scalar(select(func.count()).select_from(each)) or 0) for each in tables]


async def test_who_has_the_bot_forget_them_there_leaves_no_word_and_no_file_in_it(chat: Chat) -> None:
    await chat.send(f"remember: {SECRET}", (f"{IN_FILE}.txt", f"{IN_FILE} in a file".encode()))
    await chat.reads("Good")
    assert chat.left(SECRET)
    assert chat.left(IN_FILE)

    await chat.send("forget")
    await chat.reads("Delete what is stored about me")
    await chat.press("forget")
    await chat.reads("I've deleted")

    await chat.gone(SECRET)
    await chat.gone(IN_FILE)
    assert SECRET not in (await chat.surfer.see("/try/conversation.json")).source
    assert (await chat.surfer.see("/try/files/1")).status == 404


async def test_an_account_that_is_removed_takes_its_chat_along(chat: Chat) -> None:
    owner = await chat.console.user("olga", Role.OWNER)
    await chat.console.chat.store.say(1, "k", SECRET, locale="")  # type: ignore[union-attr]
    await chat.send("hello", ("a.txt", IN_FILE.encode()))
    await chat.reads("Good")
    assert (await count(chat))[1] == 1

    await owner.see("/access")
    removed = await owner.send("/access/users/1/remove")

    assert removed.status == 303
    assert await count(chat) == [0, 0]


async def test_what_was_wrong_with_an_answer_is_asked_for_and_kept_with_the_feedback(chat: Chat) -> None:
    await chat.send("tell me of pigeons")
    await chat.reads("Good")

    asked = await chat.press("bad")
    await kept(chat, "")
    told = await chat.press("bad", comment="  They are <b>not</b> blue.  ")
    await kept(chat, "They are <b>not</b> blue.")
    await chat.reads("Thank")

    assert asked.status == 200
    assert "What was wrong with the answer?" in asked.text
    assert told.status == 303
    entries = await chat.console.chat.store.entries(1)  # type: ignore[union-attr]
    assert sum("Thank" in each.text for each in entries) == 1  # not before there was a comment


async def kept(chat: Chat, comment: str) -> None:
    async def looked() -> bool:
        async with chat.console.database.read() as connection:
            found = await connection.execute(text("SELECT comment FROM feedback"))
            return list(found.scalars()) == [comment]

    await until(looked, f"the comment {comment!r}")
