"""A batch of up to five hundred lines, and a process of the bot that is killed in the middle of it."""

from __future__ import annotations

import csv
import io
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.server import Sandbox, serve
from tests.platforms.discord import Channel, FakeDiscord, Person, Upload
from tests.town import running

CONFIG = """
[aivax]
base_url = "{aivax}/v1"
api_key = "sk-aiv-acc-sandbox"
model = "sandbox:50c3"

[storage]
url = "sqlite+aiosqlite:///{folder}/bot.sqlite3"

[discord]
token = "{token}"
api_url = "{api}"
cdn_hosts = ["{cdn}"]
reconnect_after_s = 3

[operators]
discord_users = ["{operator}"]

[batch]
enabled = true
poll_interval_s = 0.2
lease_s = 2

[[forms]]
name = "ticket"
description = "Make a ticket"
prompt = "Complaint {{number}}: {{text}}"
result = '{{"type": "object", "properties": {{"title": {{"type": "string"}}}}, "required": ["title"]}}'

[[forms.inputs]]
name = "number"
help = "Its number"
kind = "integer"

[[forms.inputs]]
name = "text"
help = "What it says"
"""


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        yield server


def config_of(discord: FakeDiscord, sandbox: Sandbox, folder: Path, operator: Person) -> str:
    return CONFIG.format(
        aivax=sandbox.base_url,
        folder=folder,
        token=discord.token,
        api=discord.api_url,
        cdn=discord.cdn_url.removeprefix("http://").partition("/")[0],
        operator=operator.id,
    )


def texts(discord: FakeDiscord, lobby: Channel) -> str:
    return "\n".join(each.content for each in discord.answers(lobby))


@pytest.mark.parametrize(("rows", "done_before"), [(60, 0), (60, 1), (500, 120)])
async def test_each_line_comes_back_once_beside_its_own_row_after_a_kill(
    discord: FakeDiscord, sandbox: Sandbox, tmp_path: Path, rows: int, done_before: int
) -> None:
    """The kill comes once the batch is asked for, once it works at AIVAX, or when a part of it is done."""
    ana = discord.person("ana")
    lobby = discord.channel(discord.guild("Gophers"), "lobby")
    lines = [["number", "text"], *([str(n), f'line {n}, "quoted"'] for n in range(rows))]
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    batches = sandbox.state.batches
    batches.each_look = 40
    config = config_of(discord, sandbox, tmp_path, ana)

    def ended() -> int:
        jobs = [job for each in batches.workflows.values() for job in each.jobs.values()]
        return sum(item.state != "Pending" for job in jobs for item in job.items)

    async with running(tmp_path, config) as bot:
        await bot.says("discord.commands_registered")
        file = Upload("rows.csv", out.getvalue().encode(), "text/csv")
        await discord.say(ana, lobby, f"<@{discord.bot.id}> batch ticket", attachments=[file])
        if done_before:
            await discord.until(lambda: ended() >= done_before)
        else:
            await discord.until(lambda: f"for {rows} rows" in texts(discord, lobby))
        assert await bot.stop(signal.SIGKILL) == -signal.SIGKILL
    async with running(tmp_path, config):
        await discord.until(lambda: any(each.attachments for each in discord.answers(lobby)))

    (result,) = [file for each in discord.answers(lobby) for file in each.attachments]
    read = list(csv.reader(io.StringIO(result.data.decode("utf-8-sig"), newline="")))
    assert read[0] == ["number", "text", "title", "error"]
    assert len(read) == rows + 1
    for n, row in enumerate(read[1:]):
        assert row == [str(n), f'line {n}, "quoted"', f'Complaint {n}: line {n}, "quoted"', ""]
    (workflow,) = batches.workflows.values()
    (job,) = workflow.jobs.values()
    assert [item.tries for item in job.items] == [1] * rows
    assert texts(discord, lobby).count(f"{rows} of {rows} rows were answered") == 1
