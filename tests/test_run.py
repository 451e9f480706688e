"""`aivax-bots run` as a process of its own, against the fake platforms and the sandbox."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town, running
from tests.waiting import soon


@pytest.fixture
async def town(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, url)


@asynccontextmanager
async def forwarding(port: int, host: str, behind: int) -> AsyncIterator[None]:
    """Pass what comes to `port` on to a server: an address that is away until then."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(65_536):  # no deadline: a server
                sink.write(piece)
                await sink.drain()
        sink.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, behind)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", port)
    yield
    server.close()


async def test_one_process_serves_slack_and_discord_at_once(town: Town, tmp_path: Path) -> None:
    async with running(tmp_path, town.config(), fresh=True) as bot:
        assert await bot.line() == "ready: discord, slack\n"

        answers = await asyncio.gather(
            town.ask_on_slack("hello from slack"), town.ask_on_discord("hello from discord")
        )

        assert "hello from slack" in answers[0]
        assert "hello from discord" in answers[1]
        assert await bot.stop(signal.SIGTERM) == 0
        assert await bot.line() == ""


async def test_each_platform_survives_the_other_and_comes_back_by_itself(town: Town, tmp_path: Path) -> None:
    async with running(tmp_path, town.config()) as bot:
        await bot.line()

        town.slack.refuse_sockets = True
        await town.slack.drop_sockets()
        assert "one" in await town.ask_on_discord("one")
        town.slack.refuse_sockets = False
        await town.slack.connected(1)
        assert "two" in await town.ask_on_slack("two")

        town.discord.drop_gateway()
        assert "three" in await town.ask_on_slack("three")
        await town.discord.online()
        assert "four" in await town.ask_on_discord("four")


async def test_a_refused_token_is_told_by_its_setting_and_the_other_platform_works(
    town: Town, tmp_path: Path
) -> None:
    async with running(tmp_path, town.config(discord_token="wrong.token.here")) as bot:
        ready = await bot.line()

        assert ready.startswith("ready: slack; failed: discord ([discord] token: ")
        assert "hello" in await town.ask_on_slack("hello")
        assert await bot.stop(signal.SIGINT) == 0
    assert any("[discord] token" in line for line in bot.log)
    assert not any(
        secret in line for line in bot.log for secret in ("wrong.token.here", town.values["slack_bot"])
    )


async def test_no_usable_frontend_ends_with_status_2_and_says_what_to_set(town: Town, tmp_path: Path) -> None:
    config = town.config(discord_token="", slack_bot="xoxb-wrong")
    async with running(tmp_path, config) as bot:
        assert await soon("the end of the process", bot.process.wait()) == 2
        assert await bot.line() == ""
        await bot.stop()
    assert any("[slack] bot_token" in line for line in bot.log)


async def test_a_platform_that_is_away_at_the_start_is_waited_for_and_told_with_the_setting_that_says_where(
    town: Town, tmp_path: Path, unused_tcp_port: int
) -> None:
    there, behind = f"http://127.0.0.1:{unused_tcp_port}/api/", urlsplit(town.slack.api_url)
    async with running(tmp_path, town.config(discord_token="", slack_api=there)) as bot:
        await bot.says("[slack] api_url")

        async with forwarding(unused_tcp_port, behind.hostname or "", behind.port or 0):
            assert await bot.line() == "ready: slack\n"
            assert "back again" in await town.ask_on_slack("back again")
            assert await bot.stop(signal.SIGTERM) == 0


async def test_a_process_that_waits_for_its_platform_ends_when_it_is_told_to(
    town: Town, tmp_path: Path
) -> None:
    config = town.config(discord_token="", slack_api="http://127.0.0.1:9/api/")
    async with running(tmp_path, config) as bot:
        await bot.says("trying again")

        assert await bot.stop(signal.SIGTERM) == 0


async def test_a_refused_token_does_not_end_the_process_while_another_platform_is_only_away(
    town: Town, tmp_path: Path
) -> None:
    config = town.config(discord_token="wrong.token.here", slack_api="http://127.0.0.1:9/api/")
    async with running(tmp_path, config) as bot:
        await bot.says("[discord] token")
        await bot.says("[slack] api_url")

        assert bot.process.returncode is None


async def test_a_database_that_is_away_has_another_status_than_a_setting(town: Town, tmp_path: Path) -> None:
    away = "postgresql+psycopg://bot:x@127.0.0.1:9/bot?connect_timeout=2"
    async with running(tmp_path, town.config(storage=away)) as bot:
        assert await soon("the end of the process", bot.process.wait()) == 75
        await bot.stop()
    assert any("[storage] url" in line for line in bot.log)


async def test_an_empty_account_is_told_kindly_on_both_platforms_and_truly_in_the_log(
    town: Town, tmp_path: Path
) -> None:
    town.sandbox.state.account.set_balance(0)
    async with running(tmp_path, town.config()) as bot:
        await bot.line()
        await town.slack.say(town.ana, town.general, f"{town.slack.mention} hi")
        await town.discord.say(town.ben, town.lobby, f"<@{town.discord.bot.id}> hi")

        await town.slack.until(
            lambda: any("out of credit" in m.text for m in town.slack.visible(town.general)), timeout_s=30
        )
        await town.discord.until(
            lambda: any("out of credit" in a.content for a in town.discord.answers(town.lobby)), timeout_s=30
        )
        await bot.stop()
    assert any("breaker.tripped" in line and "402" in line for line in bot.log)


async def test_slack_calls_the_process_over_http_beside_health(
    town: Town, tmp_path: Path, unused_tcp_port: int
) -> None:
    web = f"\n[web]\nenabled = true\nport = {unused_tcp_port}\n"
    http = f'[slack]\nmode = "http"\nsigning_secret = "{town.slack.http_mode.signing_secret}"'
    config = town.config(discord_token="", slack_app="").replace("[slack]", http) + web
    async with running(tmp_path, config) as bot:
        assert await bot.line() == "ready: slack\n"
        town.slack.http_mode.request_url = f"http://127.0.0.1:{unused_tcp_port}/slack/events"

        assert "over http" in await town.ask_on_slack("over http")

        async with httpx.AsyncClient() as client:
            health = await client.get(f"http://127.0.0.1:{unused_tcp_port}/health/ready")
        assert health.json()["up"] == ["slack"]
        assert {sent.status for sent in town.slack.http_mode.sent} == {200}
        assert await bot.stop(signal.SIGTERM) == 0
    assert not any(town.slack.http_mode.signing_secret in line for line in bot.log)


async def test_listeners_and_workers_are_separate_processes_on_postgresql(
    town: Town, tmp_path: Path, postgres_url: str
) -> None:
    folders = [tmp_path / name for name in ("listen", "work")]
    for folder in folders:
        folder.mkdir()
    config = town.config(storage=postgres_url)
    async with running(folders[0], config, "--role", "listen") as listener:
        assert (await listener.line()).startswith("ready: ")
        async with running(folders[1], config, "--role", "work") as worker:
            assert await worker.line() == "ready: discord, slack\n"

            answers = await asyncio.gather(town.ask_on_slack("far away"), town.ask_on_discord("far off"))

            assert "far away" in answers[0]
            assert "far off" in answers[1]
            await worker.stop()
        await listener.stop()
        assert not any("turn.answered" in line for line in listener.log)
        assert any("turn.answered" in line for line in worker.log)


async def test_a_half_of_the_work_needs_postgresql(town: Town, tmp_path: Path) -> None:
    async with running(tmp_path, town.config(), "--role", "work") as bot:
        assert await soon("the end of the process", bot.process.wait()) == 2
        await bot.stop()
    assert any("[storage] url" in line and "PostgreSQL" in line for line in bot.log)
