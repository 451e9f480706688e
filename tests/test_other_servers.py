"""`aivax-bots chat`, as a process, before a server that answers in each way that docs/other-servers.md lists."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.storage.db import batched
from tests.corpus import other_servers
from tests.corpus.entries import Entry
from tests.corpus.servers_errors.render import settings_of
from tests.corpus.servers_streams.render import body_of, head_of
from tests.scripted_aivax import said
from tests.test_cli import clean, run

CHOICE = {
    "AIVAX_BOTS__AIVAX__API_KEY": "k",
    "AIVAX_BOTS__AIVAX__MODEL": "m",
    "AIVAX_BOTS__AIVAX__TRIES": "1",
    "AIVAX_BOTS__LIMITS__QUESTION_TRIES": "1",
    "AIVAX_BOTS__LIMITS__SILENT_WAIT_S": "0",
    "AIVAX_BOTS__LIMITS__PERSON_WAITING": "1000",
    "AIVAX_BOTS__CONVERSATION__HISTORY_TOKENS": "0",
}
STREAMS = list(other_servers.entries("servers_streams"))
ERRORS = list(other_servers.entries("servers_errors"))
HOLDS_OTHERS = ("NoBalance", "RateLimited", "Unavailable", "AddressWrong")
"""What decides about every further question of the same process, too."""
TEACH = ("deepseek_thinking_without_an_opening_tag", "vllm_closing_tag_after_the_reasoning_field")
"""What the bot learns a model's habit from."""
IN_SUITE = ("lmstudio_error_is_a_text", "anthropic_overloaded", "cloudflare_blocked")
"""The outages that the suite has; each takes two processes. `make soak` has all of them."""
MARK = "=== {} ==="


@pytest.fixture(autouse=True)
def _elsewhere(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    shutil.copy(migrated_sqlite, tmp_path / "data" / "aivax-bots.sqlite3")


OUTAGES = [
    pytest.param(entry, marks=[] if entry.path.stem in IN_SUITE else pytest.mark.soak)
    for entry in (*STREAMS, *ERRORS)
    if entry.expected["outcome"].startswith("Unavailable")
]


def raw_answer(entry: Entry) -> bytes:
    """An entry's answer as bytes of HTTP."""
    if "response" in entry.given:
        fields = head_of(entry)
        body = body_of(entry, fields)
        first, lines = "HTTP/1.1 200 OK", [f"{name}: {value}" for name, value in fields.items()]
        if "content-type" not in fields:
            lines.append("content-type: text/event-stream")
    else:
        head, _, text = entry.given["answer"].partition("\n\n")
        (first, *lines), body = head.splitlines(), text.encode()
    lines += [f"content-length: {len(body)}", "connection: close", "", ""]
    return "\r\n".join([first if first.count(" ") > 1 else f"{first} Odd", *lines]).encode() + body


def expected_of(entry: Entry) -> str:
    return entry.expected.get("person") or entry.expected["reader"]


def holds_others(entry: Entry) -> bool:
    return entry.expected["outcome"].startswith(HOLDS_OTHERS) or entry.path.stem in TEACH


class Gateway:
    """Answers below `/NAME` as the entry of that name does, and below `/each` as the one that the question names."""

    def __init__(self, *entries: Entry) -> None:
        self._answers = {entry.id.replace("/", "."): raw_answer(entry) for entry in entries}
        self.address = ""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", asked)
        body = await reader.readexactly(int(length[1])) if length else b""
        name = asked.split(b" ")[1].decode().split("/")[1]
        writer.write(self._answers[name] if name != "each" else self._named(body))
        await writer.drain()
        writer.close()

    def _named(self, body: bytes) -> bytes:
        if not body:
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"
        what, _, name = json.loads(body)["messages"][-1]["content"].partition(" ")
        if what == "as":
            return self._answers[name]
        marked = b"".join(said(MARK.format(name)))
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(marked) + marked


@asynccontextmanager
async def gateway(*entries: Entry) -> AsyncIterator[str]:
    server = await asyncio.start_server(Gateway(*entries).meet, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def plain(text: str) -> str:
    """Leave out how it is set, waits that grow by a moment, and references."""
    text = re.sub(r"reference \w+", "reference", re.sub(r"in about [\w ]+", "in about", text))
    lines = (line.strip(" _*") for line in text.replace("---", "").splitlines())
    return "\n".join(line for line in lines if line)


OF_ONE_CHAT = 40
"""Answers: a chat has a deadline, also on a busy machine."""


async def read_by_person(address: str, typed: str, **environment: str) -> str:
    ended = await run(
        "chat", typed=typed, **clean(AIVAX_BOTS__AIVAX__BASE_URL=address, **CHOICE, **environment)
    )
    assert ended.status == 0, ended.err
    assert "Traceback" not in ended.err
    return ended.out


def test_the_page_is_as_the_corpus_has_it() -> None:
    assert other_servers.PAGE.read_text(encoding="utf-8") == other_servers.page(), (
        "run: python -m tests.corpus.other_servers"
    )


async def test_a_chat_reads_every_answer_that_decides_about_itself_alone() -> None:
    entries = [entry for entry in (*STREAMS, *ERRORS) if not holds_others(entry)]
    read: dict[str, str] = {}
    async with gateway(*entries) as address:
        for some in batched([entry.id.replace("/", ".") for entry in entries], OF_ONE_CHAT):
            typed = "".join(f"as {name}\nmark {name}\n" for name in some)
            out = await read_by_person(f"{address}/each/v1", typed)
            for name in some:
                read[name], _, out = out.partition(MARK.format(name))

    assert {name: plain(text) for name, text in read.items()} == {
        entry.id.replace("/", "."): plain(expected_of(entry)) for entry in entries
    }


def decides(entry: Entry, outcome: str) -> bool:
    return holds_others(entry) and entry.expected["outcome"].startswith("Unavailable") is (
        outcome == "outage"
    )


def path_of(entry: Entry) -> str:
    """The entry's own path, with or without the version that its base address has."""
    has_version = settings_of(entry)["base_url"].count("/") > 2
    return f"/{entry.id.replace('/', '.')}{'/v1' if has_version else ''}"


@pytest.mark.parametrize(
    "entry", [each for each in (*STREAMS, *ERRORS) if decides(each, "at once")], ids=lambda entry: entry.id
)
async def test_a_chat_reads_an_answer_that_decides_about_others(entry: Entry) -> None:
    async with gateway(entry) as address:
        out = await read_by_person(f"{address}{path_of(entry)}", "question\n")

    assert plain(out) == plain(expected_of(entry))


@pytest.mark.parametrize("entry", OUTAGES, ids=lambda entry: entry.id)
async def test_the_second_person_whose_question_fails_reads_of_an_outage(entry: Entry) -> None:
    async with gateway(entry) as address:
        await read_by_person(f"{address}{path_of(entry)}", "question\n", LOGNAME="ana")
        out = await read_by_person(f"{address}{path_of(entry)}", "question\n", LOGNAME="ben")

    assert plain(out) == plain(expected_of(entry))
