"""What is imported, and when: each library costs every start time, and every process memory, used or not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import PROJECT
from tests.town import Town, running

HEAVY = {
    *("aiohttp", "aiosqlite", "alembic", "asyncio", "babel", "core.domain", "core.settings", "cryptography"),
    *(
        "discord",
        "httpcore",
        "httpx",
        "prompt_toolkit",
        "psycopg",
        "pygments",
        "questionary",
        "rich",
        "slack_bolt",
    ),
    *("slack_sdk", "sqlalchemy", "starlette", "structlog", "tomlkit", "uvicorn"),
}
MODULES_OF = """
import json, sys
sys.argv = ["aivax-bots", *json.loads(sys.argv[1])]
from bots.cli.main import main
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps([*sys.modules]))
"""


def modules_after(*arguments: str, **variables: str) -> set[str]:
    """What a command has imported when it ends."""
    command = [sys.executable, "-c", MODULES_OF, json.dumps(arguments)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), **variables}
    ended = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=90, check=True
    )
    assert ended.stdout
    return set(json.loads(ended.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        "--version",
        "run --help",
        "init --help",
        "db --help",
        "db backup --help",
        "replies --help",
        "turns --help",
        "drill --list",
        "slack --help",
        "slack manifest --help",
        "discord invite --help",
    ],
)
def test_what_only_explains_itself_imports_nothing_that_works_and_no_settings(arguments: str) -> None:
    assert modules_after(*arguments.split()) & {*HEAVY, "pydantic"} == set()


def test_only_what_lists_platforms_looks_for_them() -> None:
    assert "importlib.metadata" not in modules_after("run", "--help") | modules_after("db", "--help")


PRINTING = {
    "slack manifest": {"core.domain"},
    "discord invite": {"core.domain"},
    "replies preview --locale en": {"babel", "core.domain"},
}
"""What prints, and what of the heavy things it is made of."""
MOST_PRINTING = 360
"""Modules of what prints, the libraries' among them."""


@pytest.mark.parametrize("arguments", PRINTING)
def test_what_prints_takes_no_loop_no_log_and_no_sections_but_its_own_along(
    arguments: str,
) -> None:
    loaded = modules_after(*arguments.split(), AIVAX_BOTS__DISCORD__APPLICATION_ID="123456789012345678")

    platform = arguments.split()[0]
    sections = {
        each
        for each in loaded
        if each.endswith(".settings") and each.startswith(("bots.", "core.")) and "domain" not in each
    }
    assert loaded & (HEAVY - PRINTING[arguments]) == set()
    assert sections <= {"core.i18n.settings", f"bots.{platform}.settings"}
    assert len(loaded) <= MOST_PRINTING


def test_the_log_takes_no_library_along_that_draws_tracebacks() -> None:
    command = [sys.executable, "-c", "import sys, bots.logs; sys.exit('rich' in sys.modules)"]

    assert subprocess.run(command, cwd=PROJECT, timeout=90, check=False).returncode == 0


NOT_ON_SQLITE = {
    *("alembic", "babel", "click", "cryptography", "psycopg", "pygments", "rich", "starlette", "uvicorn"),
    *("sqlalchemy.dialects.postgresql", "sqlalchemy.orm"),
}


def test_a_bot_on_sqlite_holds_in_memory_only_what_it_needs() -> None:
    parts = "bots.cli.commandline", "bots.discord.frontend", "bots.serve", "bots.slack.frontend"
    code = f"import json, sys, {', '.join(parts)}; print(json.dumps([*sys.modules]))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=90, check=True)

    assert set(json.loads(ended.stdout)) & NOT_ON_SQLITE == set()


SWITCHED_ON = {
    *("core.batch.handler", "core.console.rollups", "core.forms.handler", "core.knowledge.learning.learn"),
    *("core.knowledge.search", "core.media.draw", "core.media.speak", "core.operations.control"),
    *(
        "core.operations.pausing",
        "core.place_admins.handler",
        "core.rights.memory",
        "core.rights.people_in_chat",
    ),
    *("core.storage.batches", "core.storage.learnt.store", "core.summaries.making"),
}
"""What the settings switch on, and are without it by default."""
ASKED_FOR = {
    "bots.answering",
    "core.aivax.completions.calls",
    "core.aivax.stream.parser",
    "core.conversations.composer",
    "core.media.interpreting",
    "core.turns.endings",
    "core.turns.runner",
}
"""What comes with the first question."""
MOST_OF_OURS, MOST = 532, 1_490
"""Modules: each costs a start half a millisecond, and every process some 50 KiB. Who needs more says so here."""


def test_a_bot_that_nobody_asks_is_without_what_is_off_and_what_answers() -> None:
    parts = (
        "bots.cli.main",
        "bots.cli.commandline",
        "bots.discord.frontend",
        "bots.serve",
        "bots.slack.frontend",
    )
    code = f"import json, sys, {', '.join(parts)}; print(json.dumps([*sys.modules]))"
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=90, check=True)

    loaded = set(json.loads(ended.stdout))
    ours = [each for each in loaded if each.startswith(("bots.", "core."))]
    assert loaded & (SWITCHED_ON | ASKED_FOR) == set()
    assert len(ours) <= MOST_OF_OURS
    assert len(loaded) <= MOST


def test_what_was_put_off_is_there_for_who_asks_for_it() -> None:
    code = """
import core.storage.db, sys
assert "sqlalchemy.orm" not in sys.modules
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, session
assert session.AsyncSession is AsyncSession
assert AsyncConnection.__module__ == "sqlalchemy.ext.asyncio.engine"
import sqlalchemy.ext.asyncio
assert not hasattr(sqlalchemy.ext.asyncio, "no_such_name")
"""
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=90, check=False)

    assert (ended.returncode, ended.stderr) == (0, "")


FINDER = """
import os, sys, threading


class Told:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith(("bots.", "core.")):
            where = "loop" if threading.current_thread() is threading.main_thread() else "thread"
            with open(os.environ["IMPORTS"], "a") as file:
                file.write(f"{where} {name}\\n")


sys.meta_path.insert(0, Told)
"""


@pytest.mark.parametrize("platform", ["slack", "discord"])
async def test_what_the_first_question_imports_holds_no_loop_up(
    platform: str, slack: FakeSlack, discord: FakeDiscord, url: str, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FINDER)
    imports = tmp_path / "imports"
    environment = {"PYTHONPATH": f"{tmp_path}:{PROJECT}", "IMPORTS": str(imports)}
    async with (
        serve() as sandbox,
        running(
            tmp_path, (town := Town(slack, discord, sandbox, url)).config(), environment=environment
        ) as bot,
    ):
        assert (await bot.line()).startswith("ready: ")
        before = len(imports.read_text().splitlines())
        await (town.ask_on_slack if platform == "slack" else town.ask_on_discord)("Which day is it?")
        asked = imports.read_text().splitlines()[before:]

    assert "thread core.turns.runner" in asked
    assert [each for each in asked if each.startswith("loop ")] == []
