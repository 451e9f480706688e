"""A console that runs in a thread of its own, over a database that a frontend in the test's loop shares with it."""

from __future__ import annotations

import asyncio
import html
import re
import sqlite3
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from aivax_bots.testing import ANA, BEN
from aivax_bots.testing.stage import database_in
from bots.web.server import serve
from core.domain.console import Role
from tests.console_stage import console_on

_BUTTON = re.compile(r'name="press" value="([^"]*)"[^>]*>([^<]*)<')
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
_KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')
WITHIN_S = 90.0


class Person:
    """Somebody's browser. It asks over a socket, and waits for what it gets."""

    def __init__(self, base: str, cookie: str) -> None:
        self._client = httpx.Client(
            base_url=base,
            cookies={"aivax-console": cookie},
            headers={"Origin": base},
            timeout=WITHIN_S,
        )

    def get(self, path: str) -> httpx.Response:
        return self._client.get(f"/console{path}")

    def post(self, path: str, *, files: Any = None, **fields: str) -> httpx.Response:
        """Fill in a form of the page *Try it*."""
        page = self.get("/try").text
        token, key = _TOKEN.search(page), _KEY.search(page)
        assert token
        assert key
        told = {"form_token": token[1], "key": key[1], **fields}
        return self._client.post(f"/console{path}", data=told, files=files)

    def raw(self, path: str, **request: Any) -> httpx.Response:
        return self._client.post(f"/console{path}", **request)

    def messages(self) -> list[dict[str, Any]]:
        """What the bot said, as it is saved."""
        told: list[dict[str, Any]] = self.get("/try/conversation.json").json()["messages"]
        return [each for each in told if each["by"] == "bot"]

    def buttons(self) -> list[tuple[str, str]]:
        """The value and the label of each."""
        return [
            (html.unescape(value), html.unescape(label))
            for value, label in _BUTTON.findall(self.get("/try").text)
        ]

    def close(self) -> None:
        self._client.close()


class House:
    """The console's process."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="aivax-bots-")
        self.url = ""
        self.people: dict[str, Person] = {}
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(WITHIN_S)

    def _run(self) -> None:
        self.url = database_in(Path(self._folder.name))
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with (
            console_on(self.url) as console,
            serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        ):
            for name in (ANA, BEN):
                surfer = await console.user(name, Role.OPERATOR)
                self.people[name] = Person(f"http://127.0.0.1:{port}", surfer.cookie)
            self._ready.set()
            await self._stop.wait()  # no deadline: until the last test is over

    def empty(self) -> None:
        """Take all that was said away."""
        with sqlite3.connect(self.url.partition("///")[2], timeout=WITHIN_S) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM console_chat")
        connection.close()

    def close(self) -> None:
        for each in self.people.values():
            each.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WITHIN_S)
        self._folder.cleanup()
