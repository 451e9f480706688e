"""One person sends more files than there is memory for: the others are answered, and the memory stays bounded."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.soak.ground import say
from tests.town import Bot, Town, running
from tests.waiting import soon

TURNS = 20
FILES = 5
FILE_BYTES = 10_000_000
LIMITS = """
[limits]
person_waiting = 1000
requests_per_minute = 0
"""
GATEWAY = """
import asyncio, json, sys

async def meet(reader, writer):
    head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
    if b"content-length:" not in head:
        writer.write(b"HTTP/1.1 404 No\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{}")
    else:
        left = int(head.partition(b"content-length:")[2].split()[0])
        while left:
            left -= len(await reader.read(min(left, 1 << 16)))
        chunk = {"choices": [{"delta": {"content": "It is done."}, "finish_reason": "stop"}]}
        said = b"data: " + json.dumps(chunk).encode() + b"\\n\\ndata: [DONE]\\n\\n"
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\nConnection: close\\r\\n\\r\\n" + said)
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@asynccontextmanager
async def gateway() -> AsyncIterator[str]:
    """A gateway of its own process, so that reading large requests holds up nobody here."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await soon("the end of the process", process.wait())


def peak_mib(bot: Bot) -> float:
    fields = Path(f"/proc/{bot.process.pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in fields)
    return int(told["VmHWM"].split()[0]) / 1024


@pytest.mark.soak
async def test_one_person_with_more_files_than_memory_holds_up_nobody(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max") as sandbox,
        gateway() as address,
    ):
        town = Town(slack, discord, sandbox, sqlite_url)
        eve = slack.person("eve")
        den = slack.channel("den", [eve])
        config = town.config(aivax=address, discord_token="") + LIMITS
        async with running(tmp_path, config, fresh=True) as bot:
            await slack.connected(1, 60)
            await town.ask_on_slack("done")
            before_mib = peak_mib(bot)
            pictures = [slack.file(f"{n}.png", b"\x89" * FILE_BYTES, "image/png") for n in range(FILES)]
            for _ in range(TURNS):
                await slack.say(eve, den, f"{slack.mention} done", files=pictures)
            waits_s = []
            for _ in range(10):
                began = time.monotonic()
                await town.ask_on_slack("done")
                waits_s.append(time.monotonic() - began)
            told = f"{before_mib:.0f} MiB before, {peak_mib(bot):.0f} at the peak so far"
            say(f"others waited {sorted(round(each, 2) for each in waits_s)} s; {told}")
            await asyncio.sleep(float(30))
            say(f"peak {peak_mib(bot):.0f} MiB; {sum('turn.answered' in line for line in bot.log)} answered")

            assert peak_mib(bot) < 400
            assert statistics.median(waits_s) < 2
            assert max(waits_s) < 5
