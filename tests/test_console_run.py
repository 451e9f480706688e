"""The console of a running bot: the link of the first start, and the one that the machine prints beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from sandbox.server import serve
from tests.console_stage import PASSWORD
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PIPE, forker
from tests.test_cli import at_terminal
from tests.town import ENVIRONMENT, Town, running
from tests.waiting import soon


async def test_the_first_start_and_the_machine_itself_let_an_owner_in(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    storage = f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"
    web = f"\n[web]\nport = {unused_tcp_port}\n[web.console]\nenabled = true\n"
    web += '[web.console.discord]\nclient_id = "157730590492196864"\nclient_secret = "s3cret-of-the-app"\n'
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        config = Town(slack, discord, sandbox, storage).config() + web
        async with running(tmp_path, config) as bot:
            line = await bot.line()
            ready = await bot.line()
            command = await forker().start(
                "console", "link", cwd=tmp_path, env=ENVIRONMENT, files=(PIPE, PIPE, PIPE)
            )
            printed, complaint = await soon("the link", command.communicate())
            links = [line.split(" at ")[1].split()[0], printed.decode().split()[0]]
            async with httpx.AsyncClient() as client:
                first, second = await asyncio.gather(*(client.get(link) for link in links))
                strange = await client.get(links[0][:-4] + "AAAA")
                sign_in = await client.get(f"http://127.0.0.1:{unused_tcp_port}/console/sign-in")
                health = await client.get(f"http://127.0.0.1:{unused_tcp_port}/health/live")

    assert line.startswith("console: set the owner's password at http://127.0.0.1:")
    assert ready == "ready: discord, slack\n"
    assert first.status_code == second.status_code == 200, complaint
    assert links[0] != links[1]
    assert 'name="again"' in first.text
    assert 'name="again"' not in strange.text
    assert "Sign in with Discord" in sign_in.text
    assert not any("s3cret" in logged for logged in bot.log)
    assert health.status_code == 404  # off, as [web] enabled says
    token = links[0].rpartition("/")[2]
    assert not any(token in logged for logged in bot.log)


async def test_the_demo_prints_where_to_look_at_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with at_terminal("chat", "--sandbox") as chat:
        await chat.sees("Console:  ")
        while "\r\n" not in chat.screen:  # no deadline: each read has its own
            assert await soon("the address", chat._read())
        link = chat.screen.split()[0]
        base = link.partition("/link/")[0]
        async with httpx.AsyncClient(headers={"Origin": base.removesuffix("/console")}) as client:
            page = await client.get(link)
            token = page.text.partition('name="form_token" value="')[2][:64]
            own = {"name": "vic", "password": PASSWORD, "again": PASSWORD, "form_token": token}
            await client.post(link, data=own)
            overview = await client.get(f"{base}/")
        await chat.sees("you>")
        chat.press("\x04")
        status = await chat.ended()

    assert page.status_code == 200
    assert "viewer" in page.text
    assert overview.text.count('<svg class="plot') == 5  # of days: nobody asked anything in the last 24 hours
    assert "is made up for this demonstration" in overview.text
    assert status == 0
