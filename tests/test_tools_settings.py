"""`[tools]`: what is refused before the start, by setting, value and fix; what `aivax-bots hooks` prints and checks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from bots.redaction import secrets_in
from bots.tools.catalogue import Catalogue
from bots.tools.checks import ToolsCheck
from bots.tools.settings import ToolsSettings, check_tools
from core.domain import SettingRefused
from core.domain.checks import CheckState, Finding
from core.settings import AivaxSettings
from core.storage.db import Database
from tests.tool_house import HOOK_KEY, SECRET, nonce, served, tools_settings, written

PRIVATE = AivaxSettings.model_validate({"api_key": "sk-aiv-acc-x"})
PUBLIC = AivaxSettings.model_validate({"api_key": "pk-aiv-x"})
OTHER = AivaxSettings.model_validate({"api_key": "sk-other", "base_url": "https://example.com/v1"})
NO_KEY = AivaxSettings.model_validate({})
ADD = '''
    from bots.tools import tool

    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b
'''


def test_without_files_nothing_is_asked_for() -> None:
    check_tools(ToolsSettings(), OTHER)

    assert not ToolsSettings().enabled


def test_all_that_is_needed_is_enough(tmp_path: Path) -> None:
    check_tools(tools_settings(written(tmp_path, ADD)), PRIVATE)


@pytest.mark.parametrize(
    ("aivax", "more", "refusal"),
    [
        (OTHER, {}, r"\[tools\] files = .*only AIVAX calls functions"),
        (PUBLIC, {}, r"\[tools\] files = .*use a private key \(sk-aiv-acc\)"),
        (NO_KEY, {}, r"\[tools\] files = .*use a private key"),
        (PRIVATE, {"hook_key": ""}, r"\[tools\] hook_key: copy the account's hook key"),
        (PRIVATE, {"header_secret": ""}, r"\[tools\] header_secret: make up 16 characters"),
        (PRIVATE, {"header_secret": "short"}, r"\[tools\] header_secret: make up 16 characters"),
        (PRIVATE, {"header_secret_old": "short"}, r"\[tools\] header_secret_old: make up 16 characters"),
        (PRIVATE, {"header_secret": "ção" * 10}, r"\[tools\] header_secret: use letters and digits"),
        (PRIVATE, {"public_url": ""}, r"\[tools\] public_url: name the address"),
        (PRIVATE, {"environment": ["AIVAX_BOTS__AIVAX__API_KEY"]}, r"\[tools\] environment = 'AIVAX_BOTS__"),
        (PRIVATE, {"files": ["/nowhere/tools.py"]}, r"\[tools\] files = '/nowhere/tools.py': .*No such file"),
    ],
)
def test_what_could_not_work_is_refused_with_its_fix(
    tmp_path: Path, aivax: AivaxSettings, more: dict[str, Any], refusal: str
) -> None:
    settings = tools_settings(**{"files": [written(tmp_path, ADD)], **more})

    with pytest.raises(SettingRefused, match=refusal) as refused:
        check_tools(settings, aivax)
    assert SECRET not in str(refused.value)


def test_a_file_that_is_no_python_is_refused_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused, match=r"shop\.py': this is no Python in line 2"):
        check_tools(tools_settings(written(tmp_path, "x = 1\ndef (")), PRIVATE)


@pytest.mark.parametrize(
    "url", ["http://bot.example.com", "bot.example.com", "https://x?y", "ftp://x", "https://"]
)
def test_an_address_where_keys_would_travel_in_the_open_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        ToolsSettings(public_url=url)


def test_secrets_stay_out_of_the_log_and_of_reprs() -> None:
    settings = tools_settings("x.py")

    assert {HOOK_KEY, SECRET} <= set(secrets_in(settings))
    assert HOOK_KEY not in repr(settings)
    assert SECRET not in repr(settings)


def config(folder: Path, source: str) -> Path:
    path = folder / "config.toml"
    path.write_text(
        f"""
[aivax]
api_key = "sk-aiv-acc-x"
[tools]
files = ["{written(folder, source)}"]
public_url = "https://bot.example.com"
hook_key = "{HOOK_KEY}"
header_secret = "{SECRET}"
""",
        encoding="utf-8",
    )
    return path


def hooks(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bots", "hooks", "--config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_prints_what_to_enter_and_no_secret(tmp_path: Path) -> None:
    shown = hooks(config(tmp_path, ADD))

    assert shown.returncode == 0, shown.stderr
    assert "https://bot.example.com/tools/functions\n" in shown.stdout
    assert '"url": "https://bot.example.com/tools/mcp"' in shown.stdout
    assert "Worker:  https://bot.example.com/tools/events\n" in shown.stdout
    assert shown.stdout.endswith("Functions: add\nWorkers: none\n")
    assert HOOK_KEY not in shown.stdout + shown.stderr
    assert SECRET not in shown.stdout + shown.stderr


def test_the_command_says_where_nothing_is_configured_or_loads(tmp_path: Path) -> None:
    empty = tmp_path / "empty.toml"
    empty.write_text("")

    off, broken = hooks(empty), hooks(config(tmp_path, "import nothing_of_that_name"))

    assert (off.returncode, off.stdout[:28]) == (2, "No tools are configured: nam")
    assert broken.returncode == 2
    assert "shop.py: line 1: No module named 'nothing_of_that_name'" in broken.stdout


# The check that `doctor` makes


@pytest.fixture
async def one(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = shutil.copy(migrated_sqlite, tmp_path / "bot.sqlite3")
    async with Database(f"sqlite+aiosqlite:///{path}") as opened:
        yield opened


async def checked(file: str, url: str, **more: Any) -> Finding:
    settings = tools_settings(file, public_url=url, **more)
    (finding,) = await ToolsCheck(settings, PRIVATE, make_nonce=nonce).run()
    return finding


async def test_doctor_finds_the_listing_where_aivax_looks_for_it(one: Database, tmp_path: Path) -> None:
    file = written(tmp_path, ADD)
    async with served(one, file) as house:
        found = await checked(file, house.url.removesuffix("/tools"))

    assert (found.state, found.cause[:24]) == (CheckState.OK, "1 functions are listed a")


async def test_doctor_tells_another_key_an_empty_list_and_nobody_there(one: Database, tmp_path: Path) -> None:
    file = written(tmp_path, "x = 1")
    async with served(one, file) as house:
        there = house.url.removesuffix("/tools")
        empty = await checked(file, there)
        other = await checked(file, there, hook_key="other")
        lost = await checked(file, f"{there}/elsewhere")
    gone = await checked(file, there)

    assert [found.cause.partition("/functions ")[2] for found in (empty, other, lost)] == [
        "lists nothing",
        "takes our own nonce for a stranger's",
        "is not served there",
    ]
    assert "does not answer as it should" in gone.cause
    assert [found.state for found in (empty, other, lost, gone)] == ["warning", "failed", "failed", "failed"]


async def test_doctor_is_silent_without_tools_and_names_a_setting_that_can_t_be_used(tmp_path: Path) -> None:
    none = await ToolsCheck(ToolsSettings(), PRIVATE).run()
    keyless = await checked(written(tmp_path, ADD), "https://bot.example.com", hook_key="")

    assert none == []
    assert (keyless.check, keyless.cause) == ("tools.settings", "[tools] hook_key can't be used")


def test_nothing_runs_until_it_is_opened(tmp_path: Path) -> None:
    catalogue = Catalogue(tools_settings(written(tmp_path, ADD)))

    assert (dict(catalogue.tools), dict(catalogue.workers), catalogue.problem) == ({}, {}, "")
