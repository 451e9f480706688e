"""Commands beside a running bot on SQLite: who only looks may, who changes something asks the bot, or is told how."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PIPE, forker
from tests.town import ENVIRONMENT, Town, running
from tests.waiting import soon

SAID = "Back at noon: we are moving."


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    out: str
    err: str


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}")


async def command(folder: Path, *words: str, config: str = "config.toml") -> Ended:
    program = await forker().start(
        *words, "--config", config, cwd=folder, env=ENVIRONMENT, files=(PIPE, PIPE, PIPE)
    )
    out, err = await soon(f"the end of {words}", program.communicate(b""))
    assert program.returncode is not None
    return Ended(program.returncode, out.decode(), err.decode())


async def told(folder: Path, *words: str) -> dict[str, object]:
    ended = await command(folder, *words, "--json")
    assert ended.status == 0, ended.err
    found: dict[str, object] = json.loads(ended.out)
    return found


async def test_a_bot_with_a_control_address_does_what_it_is_asked(
    town: Town, tmp_path: Path, unused_tcp_port: int
) -> None:
    web = f'\n[web]\nenabled = true\nport = {unused_tcp_port}\nadmin_token = "operator"\n'
    config = town.config(discord_token="") + web
    ready = f"http://127.0.0.1:{unused_tcp_port}/health/ready"
    async with running(tmp_path, config) as bot, httpx.AsyncClient() as client:
        await bot.line()
        assert (await client.get(ready)).json()["paused"] is False

        paused = await command(tmp_path, "pause", "--say", SAID)
        ts = await town.slack.say(town.ana, town.general, f"{town.slack.mention} hello there")
        await town.slack.until(lambda: any(m.text == SAID for m in town.slack.visible(town.general, ts)))

        assert (paused.status, paused.err) == (0, "")
        health = await client.get(ready)
        assert (health.status_code, health.json()["paused"]) == (200, True)
        status = await told(tmp_path, "status")
        assert status["bot"]["frontends"] == {"up": ["slack"], "down": {}}  # type: ignore[index]
        assert status["database"]["held"] == 1  # type: ignore[index]
        assert status["database"]["pause_sentence"] == SAID  # type: ignore[index]
        assert status["bot_problem"] == status["database_problem"] == ""
        (turn,) = (await told(tmp_path, "turns", "list"))["turns"]  # type: ignore[misc]
        assert (turn["state"], turn["held_by"], turn["platform"]) == ("held", "pause", "slack")
        refused = await command(tmp_path, "turns", "retry", str(turn["id"]))
        assert (refused.status, "aivax-bots resume" in refused.err) == (2, True)

        assert (await command(tmp_path, "resume")).out.startswith("Answers go on")
        await town.slack.until(
            lambda: any("hello there" in m.text for m in town.slack.visible(town.general, ts) if m.is_bot)
        )
        shown = await command(tmp_path, "turns", "show", str(turn["id"]), "--text")
        assert "it was answered" in shown.out
        assert "hello there" in shown.out
        assert "hello there" not in (await command(tmp_path, "turns", "show", str(turn["id"]))).out

        (tmp_path / "other.toml").write_text(config.replace('"operator"', '"guess"'))
        other = await command(tmp_path, "pause", config="other.toml")
        assert (other.status, "[web] admin_token" in other.err) == (2, True)
        stranger = await client.post(f"http://127.0.0.1:{unused_tcp_port}/control/pause")
        assert stranger.status_code == 401


async def test_without_one_the_ways_are_named_and_looking_goes_on(town: Town, tmp_path: Path) -> None:
    async with running(tmp_path, town.config(discord_token="")) as bot:
        await bot.line()
        await town.ask_on_slack("hello")

        for words in (("pause",), ("resume",), ("turns", "drop", "1")):
            refused = await command(tmp_path, *words)

            assert refused.status == 2
            assert refused.err.startswith("aivax-bots: [web] enabled, port and admin_token: ")
            assert all(way in refused.err for way in ("restart it", "in chat as an operator", "stop it"))
        listed = await command(tmp_path, "turns", "list", "--state", "answered")
        status = await command(tmp_path, "status")

        assert "question  slack:" in listed.out
        assert "hello" not in listed.out
        assert "1 answered, 0 failed" in status.out
        assert "not asked: [web] has no address" in status.out


async def test_without_a_bot_the_database_is_changed_and_the_next_start_obeys(
    town: Town, tmp_path: Path
) -> None:
    config = town.config(discord_token="")
    (tmp_path / "config.toml").write_text(config)
    missing = await command(tmp_path, "pause")
    assert (missing.status, "is not there yet" in missing.err) == (75, True)
    assert not (tmp_path / "bot.sqlite3").exists()

    await command(tmp_path, "db", "upgrade")
    assert (await command(tmp_path, "pause")).status == 0
    assert "Paused" in (await command(tmp_path, "status")).out
    async with running(tmp_path, config) as bot:
        await bot.line()
        ts = await town.slack.say(town.ana, town.general, f"{town.slack.mention} hello there")
        await town.slack.until(
            lambda: any("are paused" in m.text for m in town.slack.visible(town.general, ts))
        )
        await bot.stop()
    dropped = await command(tmp_path, "turns", "drop", "1")

    assert (dropped.out, dropped.err) == ("Turn 1 is out of the line; its author is told.\n", "")
    assert "it was answered" not in (await command(tmp_path, "turns", "show", "1")).out
    assert (await command(tmp_path, "turns", "show", "999")).status == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("turns", "list", "--state", "WRONG"), "Invalid value for --state"),
        (("turns", "list", "--older-than", "soon"), "Invalid value for --older-than"),
        (("turns", "list", "--older-than", "999999999d"), "Invalid value for --older-than"),
        (("pause", "--say", "x" * 2_000), "Invalid value for --say"),
    ],
)
async def test_a_wrong_option_is_told_by_its_name(
    tmp_path: Path, migrated_sqlite: Path, words: tuple[str, ...], told: str
) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3")
    (tmp_path / "config.toml").write_text(f'[storage]\nurl = "sqlite:///{tmp_path}/bot.sqlite3"\n')

    ended = await command(tmp_path, *words)

    assert (ended.status, told in ended.err, "Traceback" in ended.err) == (2, True, False), ended.err
