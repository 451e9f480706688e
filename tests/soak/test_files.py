"""One person sends more files than there is memory for: the others are answered, and the memory stays bounded.

Each of the others asks in a channel of their own: in one channel Slack takes about one post a second, so that ten
questions there would measure Slack's limit, with the files and without them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
OTHERS = 10
SETTINGS = """
[limits]
person_waiting = 1000
requests_per_minute = 0

[log]
stalled_after_s = 0.05
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


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody waited for an answer."""

    all_s: float
    starved_s: float
    """Of that, how long the bot's loop was ready to run while other programs had the processors."""

    @property
    def own_s(self) -> float:
        """What is left is the bot's own; with the machine to itself that is all of it."""
        return max(0.0, self.all_s - self.starved_s)


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


def ran_and_starved_s(bot: Bot) -> tuple[float, float]:
    """How long the thread of the bot's loop ran, and how long it was ready to and did not, as Linux counts it."""
    ran, starved, _ = Path(f"/proc/{bot.process.pid}/schedstat").read_text().split()
    return int(ran) / 1e9, int(starved) / 1e9


async def ask_one_after_the_other(town: Town, bot: Bot, when: str) -> list[Wait]:
    """Have other people ask, each in a channel of their own; how long each one waited."""
    waits = []
    for number in range(OTHERS):
        person = town.slack.person(f"{when}-{number}")
        channel = town.slack.channel(f"{when}-{number}", [person])
        began, (_, before_s) = time.monotonic(), ran_and_starved_s(bot)
        await town.ask_on_slack("done", person, channel)
        waits.append(Wait(time.monotonic() - began, ran_and_starved_s(bot)[1] - before_s))
    waited = [round(each.all_s, 2) for each in waits]
    own = [round(each.own_s, 2) for each in waits]
    say(f"{when}: others waited {waited} s; of that the bot's own {own} s")
    return waits


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
        config = town.config(aivax=address, discord_token="") + SETTINGS
        async with running(tmp_path, config, fresh=True) as bot:
            await slack.connected(1, 60)
            await town.ask_on_slack("done")
            at_start = len(bot.log)
            await ask_one_after_the_other(town, bot, "without files")
            before_mib, (before_s, _) = peak_mib(bot), ran_and_starved_s(bot)

            pictures = [slack.file(f"{n}.png", b"\x89" * FILE_BYTES, "image/png") for n in range(FILES)]
            asked = [await slack.say(eve, den, f"{slack.mention} done", files=pictures) for _ in range(TURNS)]

            def answered() -> int:
                return sum(any(m.is_bot and "done" in m.text for m in slack.visible(den, ts)) for ts in asked)

            waits = await ask_one_after_the_other(town, bot, "beside them")
            by_then = answered()
            await slack.until(lambda: answered() == TURNS, 300)
            stalls = [line for line in bot.log[at_start:] if "loop.stalled" in line]
            peak, used_s = peak_mib(bot), ran_and_starved_s(bot)[0] - before_s
            say(f"{by_then} of {TURNS} questions with files were answered by then, and all of them later")
            say(
                f"peak {peak:.0f} MiB, {before_mib:.0f} before them; {used_s:.1f} s of the loop's processor time"
            )
            say(f"{len(stalls)} stalls over 50 ms")

            assert by_then < TURNS, "the others were to ask while files were under way"
            assert max(each.own_s for each in waits) < 2
            assert peak < 400
            assert not stalls, stalls
