"""A bot that is killed in mid-answer to somebody in the console goes on with it, and the page shows it once."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx

from sandbox.faults import Fault
from sandbox.server import serve
from tests.console_stage import PASSWORD
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town, running
from tests.waiting import until

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


async def test_a_bot_that_is_killed_in_mid_answer_answers_once_when_it_is_back(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    storage, base = f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}", f"http://127.0.0.1:{unused_tcp_port}"
    web = f"\n[web]\nport = {unused_tcp_port}\n[web.console]\nenabled = true\n"
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max") as sandbox,
        httpx.AsyncClient(base_url=f"{base}/console", headers={"Origin": base}, timeout=60) as client,
    ):
        config = Town(slack, discord, sandbox, storage).config() + web
        sandbox.state.faults.add(Fault("completions", "silence", after_chunks=3))

        async def said() -> list[str]:
            told = (await client.get("/try/conversation.json")).json()["messages"]
            return [each["text"] for each in told if each["by"] == "bot"]

        async def token(path: str) -> str:
            found = _TOKEN.search((await client.get(path)).text)
            assert found
            return found[1]

        async with running(tmp_path, config) as bot:
            link = "/link/" + (await bot.line()).partition("/link/")[2].split()[0]
            own = {"name": "ana", "password": PASSWORD, "again": PASSWORD, "form_token": await token(link)}
            assert (await client.post(link, data=own)).status_code == 303
            assert await bot.line() == "ready: discord, slack\n"
            await client.post(
                "/try/say", data={"text": "tell me of pigeons", "form_token": await token("/try")}
            )
            while not await said():  # no deadline: each call has its own
                assert bot.process.returncode is None
            await bot.stop(signal.SIGKILL)
        async with running(tmp_path, config) as bot:
            await bot.line()
            while "tell me of pigeons" not in "".join(await said()):  # no deadline: likewise
                assert bot.process.returncode is None
            await until("the end", lambda: any("turn.answered" in line for line in bot.log))
            whole = await said()

    assert "".join(whole).count("tell me of pigeons") == 1
    assert len(whole) == 1
