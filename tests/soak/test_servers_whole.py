"""The whole bot before a gateway that answers as each server does: people read what the corpus has.

The corpus itself is read by the client alone, in the ordinary suite; this is the proof that nothing lies between.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.i18n import Phrase
from tests.corpus.entries import FOLDER, Entry
from tests.corpus.servers_streams.render import body_of, head_of
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged

ENTRIES = [Entry(path) for path in sorted((FOLDER / "servers_streams").glob("*.txt"))]


@asynccontextmanager
async def answering(entry: Entry) -> AsyncIterator[str]:
    """A gateway that gives one answer to everything, whatever is asked."""
    head = head_of(entry)
    body = body_of(entry, head)
    fields = {
        "content-type": "text/event-stream",
        "content-length": str(len(body)),
        "connection": "close",
        **head,
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        if length := re.search(rb"(?i)content-length: (\d+)", asked):
            await reader.readexactly(int(length[1]))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(b"HTTP/1.1 200 OK\r\n" + lines.encode() + b"\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


@pytest.mark.soak
@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.path.stem for entry in ENTRIES])
async def test_people_read_what_the_corpus_has(entry: Entry, migrated_sqlite: Path, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"
    limits = {"silent_wait_s": 0}
    async with answering(entry) as address, staged(url, aivax={"base_url": address}, limits=limits) as stage:
        seen = await read_by_two(stage)

    assert plain(seen) == plain(entry.expected["reader"])


async def read_by_two(stage: Stage) -> str:
    """Ask as one person, and, where the failure may be that question's own, as another one, too."""
    await stage.hear(said("question", by=ANA))
    seen = "\n".join(stage.platform.visible(DIRECT.channel))
    if plain(seen) not in ("", Phrase.THINKING):
        return seen
    await stage.hear(said("question", by=BEN, at=CHANNEL))
    return "\n".join(stage.platform.visible(CHANNEL.channel))


def plain(text: str) -> str:
    """Leave out how it is set, waits that grow by a moment, and references."""
    text = re.sub(r"reference \w+", "reference", re.sub(r"in about [\w ]+", "in about", text))
    lines = (line.strip(" _") for line in text.replace("---", "").splitlines())
    return "\n".join(line for line in lines if line)
