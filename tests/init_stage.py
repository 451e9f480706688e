"""`aivax-bots init` and `doctor` against the fake platforms: in this process, or as processes of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from bots.cli.main import cli
from tests.programs import PIPE, forker
from tests.town import ENVIRONMENT, Town
from tests.waiting import soon


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    status: int
    out: str
    err: str


def addresses(town: Town) -> dict[str, str]:
    """Where the fakes are, as the environment tells it: all that is not as a user would have it."""
    return {
        "AIVAX_BOTS__AIVAX__BASE_URL": f"{town.sandbox.base_url}/v1",
        "AIVAX_BOTS__SLACK__API_URL": town.slack.api_url,
        "AIVAX_BOTS__DISCORD__API_URL": town.discord.api_url,
    }


async def command(*arguments: str, typed: str = "", env: Mapping[str, str] = {}) -> Ended:
    """Run a command in this process; a thread of its own leaves the loop to the fakes."""
    runner = CliRunner()
    given: Any = dict(env)
    result = await soon(
        f"the end of {arguments}", asyncio.to_thread(runner.invoke, cli, arguments, input=typed, env=given)
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


async def program(*arguments: str, folder: Path, env: Mapping[str, str], fresh: bool = False) -> Ended:
    """Run a command as a process of its own, with nothing on its input."""
    process = await forker().start(
        *arguments, cwd=folder, env={**ENVIRONMENT, **env}, files=(PIPE, PIPE, PIPE)
    )
    out, err = await soon(f"the end of {arguments}", process.communicate())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def answers(town: Town, **changes: Mapping[str, str] | None) -> dict[str, Any]:
    """The answers that set Slack and Discord up; a section can be replaced, or left out by None."""
    usual: dict[str, Any] = {
        "platforms": ["slack", "discord"],
        "aivax": {"api_key": "sk-aiv-acc-sandbox", "model": "sandbox:50c3"},
        "slack": {"mode": "socket", "app_token": town.slack.app_token, "bot_token": town.slack.bot_token},
        "discord": {"token": town.discord.token},
        "operators": {"channel": f"slack:{town.general.id}"},
    }
    return {name: each for name, each in {**usual, **changes}.items() if each is not None}


def as_toml(values: Mapping[str, Any]) -> str:
    """An answers file."""
    top = "".join(f"{name} = {value!r}\n" for name, value in values.items() if not isinstance(value, dict))
    tables = [
        f"[{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in table.items())
        for name, table in values.items()
        if isinstance(table, dict)
    ]
    return "\n".join([top, *tables])
