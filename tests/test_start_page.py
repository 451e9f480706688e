"""docs/start.md does what it says: its answers file and its commands lead from nothing to a bot that answers."""

from __future__ import annotations

import re
import stat
import subprocess
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bots.setup.guide import setups_of
from sandbox.server import serve
from tests.init_stage import addresses, program
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PIPE, PROJECT, forker
from tests.shipped import shipped
from tests.town import ENVIRONMENT, Bot, Town

PAGE = (PROJECT / "docs" / "start.md").read_text(encoding="utf-8")
MAKE = ("make", "-n")
MOST_WORDS, MOST_ANSWERS = 1_500, 12


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, "")


def test_it_is_read_in_minutes_and_takes_two_commands() -> None:
    commands = [
        line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")
    ]

    assert commands == ["make init", "make run"]
    assert len(PAGE.split()) <= MOST_WORDS
    for command, runs in (("init", ".venv/bin/aivax-bots init"), ("run", ".venv/bin/aivax-bots run")):
        planned = subprocess.run(
            [*MAKE, command], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
        )
        assert runs in planned.stdout


def test_it_names_each_question_that_a_set_up_of_both_platforms_asks() -> None:
    (answers,) = blocks("toml")
    given = {
        f"{name}.{key}" if key else name
        for name, value in tomllib.loads(answers).items()
        for key in (value if isinstance(value, dict) else [""])
    }
    every = {f"{name}.{key}" for name, setup in setups_of(shipped()).items() for key in setup.keys}

    assert len(given) <= MOST_ANSWERS
    assert [name for name in (given | every) if f"`{name}`" not in PAGE] == []


async def test_from_its_answers_to_a_bot_that_answers_on_both_platforms(town: Town, tmp_path: Path) -> None:
    (answers,) = blocks("toml")
    for shown, real in (
        ("sk-aiv-acc...", "sk-aiv-acc-sandbox"),
        ("my-gateway:50c3", "sandbox:50c3"),
        ("xapp-...", town.slack.app_token),
        ("xoxb-...", town.slack.bot_token),
        ('"..."', f'"{town.discord.token}"'),
        ("C0123456789", town.general.id),
    ):
        assert shown in answers
        answers = answers.replace(shown, real)
    (tmp_path / "answers.toml").write_text(answers)
    env = addresses(town)

    ended = await program("init", "--answers", "answers.toml", folder=tmp_path, env=env)

    assert (ended.status, ended.err) == (0, "")
    took = re.search(r"config\.toml is written, after (\d+) answers", ended.out)
    assert took is not None
    assert int(took[1]) <= MOST_ANSWERS
    assert re.search(r"^All \d+ checks are well\.$", ended.out, re.MULTILINE)
    assert not any(town_secret in ended.out for town_secret in (town.slack.bot_token, town.discord.token))
    assert stat.S_IMODE((tmp_path / "config.toml").stat().st_mode) == 0o600
    assert [shown.text for shown in town.slack.visible(town.general) if shown.is_bot] != []

    process = await forker().start("run", cwd=tmp_path, env={**ENVIRONMENT, **env}, files=(PIPE, PIPE, PIPE))
    bot = Bot(process)
    try:
        assert await bot.line() == "ready: discord, slack\n"
        assert "hello from slack" in await town.ask_on_slack("hello from slack")
        assert "hello from discord" in await town.ask_on_discord("hello from discord")
    finally:
        assert await bot.stop() == 0
