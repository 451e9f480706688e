"""`doctor`: one planted fault, one line that says so and what to do; nothing else, and nothing where there is none."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bots.discord.features.checks import DiscordCheck
from bots.discord.settings import DiscordSettings
from bots.doctor.clock import clock_finding
from bots.doctor.examination import examine, status_of
from bots.doctor.gateway import GatewayCheck
from bots.doctor.machine import MachineCheck
from bots.doctor.report import as_json, as_text
from bots.doctor.storage import StorageCheck
from bots.settings import WebSettings
from bots.slack.features.checks import SlackCheck
from bots.slack.settings import SlackSettings
from core.domain.checks import Check, CheckState, Finding
from core.settings import AivaxSettings, StorageSettings
from sandbox.faults import Fault
from sandbox.server import PRIVATE_KEY, Sandbox
from sandbox.server import serve as serve_sandbox
from tests.discord_listening import discord_at_hand
from tests.discord_listening import settings as discord_settings
from tests.platforms.discord import Channel as DiscordChannel
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import Channel, FakeSlack
from tests.slack_ears import settings_at

ELSEWHERE = "http://127.0.0.1:9"
"""Where nobody listens."""


@dataclass
class Scene:
    """An installation that is well, whose parts a test spoils."""

    sandbox: Sandbox
    slack: FakeSlack
    discord: FakeDiscord
    general: Channel
    lobby: DiscordChannel
    path: Path
    aivax: dict[str, Any] = field(default_factory=dict)
    slack_section: dict[str, Any] = field(default_factory=dict)
    discord_section: dict[str, Any] = field(default_factory=dict)
    web: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    slack_channels: list[str] = field(default_factory=list)
    discord_channels: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.path.with_name("config.toml")

    def checks(self) -> list[Check]:
        given = {"base_url": f"{self.sandbox.base_url}/v1", "api_key": PRIVATE_KEY, "model": "sandbox:50c3"}
        url = f"sqlite+aiosqlite:///{self.path}"
        discord: DiscordSettings = discord_settings(self.discord, **self.discord_section)
        slack: SlackSettings = settings_at(self.slack, **self.slack_section)
        return [
            GatewayCheck(AivaxSettings.model_validate(given | self.aivax), ()),
            StorageCheck(StorageSettings(url=url)),
            SlackCheck(slack, [self.general.id, *self.slack_channels]),
            DiscordCheck(discord, [str(self.lobby.id), *self.discord_channels]),
            MachineCheck(self.config, WebSettings.model_validate(self.web), self.environment),
        ]

    async def found(self) -> list[Finding]:
        return await examine(self.checks())


@asynccontextmanager
async def scene(migrated: Path, folder: Path) -> AsyncIterator[Scene]:
    path = Path(shutil.copy(migrated, folder / "bot.sqlite3"))
    path.chmod(0o600)
    (folder / "config.toml").touch(0o600)
    async with serve_sandbox(plan="max") as sandbox, FakeSlack() as slack, discord_at_hand() as discord:
        general = slack.channel("general", [slack.person("ana")])
        lobby = discord.channel(discord.guild("Gophers"), "lobby")
        yield Scene(sandbox, slack, discord, general, lobby, path)


@pytest.fixture
async def well(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(migrated_sqlite, tmp_path) as made:
        yield made


def troubles(findings: list[Finding]) -> dict[str, CheckState]:
    return {each.check: each.state for each in findings if each.state is not CheckState.OK}


async def test_of_an_installation_that_is_well_every_line_says_so(well: Scene) -> None:
    found = await well.found()

    assert troubles(found) == {}
    assert status_of(found) == 0
    assert len({each.check for each in found}) == len(found)
    assert "sandbox:50c3 answered" in as_text(found)
    assert "All " in as_text(found)


def _spoil(scene: Scene, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(scene, name, value)


def _drop_scope(scene: Scene) -> None:
    scene.slack.workspace.scopes.discard("users:read")


def _fault(**more: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.sandbox.state.faults.add(Fault("completions", **more))


def _no_database(scene: Scene) -> None:
    scene.path.write_bytes(b"no database" * 500)


def _poor(scene: Scene) -> None:
    scene.sandbox.state.account.set_balance(0.0)


FAULTS: dict[str, tuple[Callable[[Scene], None], str, CheckState]] = {
    "wrong key": (
        lambda scene: scene.aivax.update(api_key="sk-aiv-acc-wrong"),
        "aivax.key",
        CheckState.FAILED,
    ),
    "public key with a slug": (
        lambda scene: scene.aivax.update(api_key="pk-aiv-sandbox"),
        "aivax.settings",
        CheckState.FAILED,
    ),
    "unknown gateway": (
        lambda scene: scene.aivax.update(model="nobody:0000"),
        "aivax.model",
        CheckState.FAILED,
    ),
    "no gateway": (lambda scene: scene.aivax.update(model=""), "aivax.model", CheckState.FAILED),
    "empty balance": (_poor, "aivax.balance", CheckState.FAILED),
    "dead host": (lambda scene: scene.aivax.update(base_url=ELSEWHERE), "aivax.address", CheckState.FAILED),
    "model refuses": (_fault(kind="status", status=400), "aivax.answer", CheckState.FAILED),
    "limit reached": (_fault(kind="status", status=429), "aivax.limits", CheckState.WARNING),
    "wrong bot token": (
        lambda scene: scene.slack_section.update(bot_token="xoxb-wrong"),
        "slack.token",
        CheckState.FAILED,
    ),
    "no app token": (
        lambda scene: scene.slack_section.update(app_token=""),
        "slack.socket",
        CheckState.FAILED,
    ),
    "wrong app token": (
        lambda scene: scene.slack_section.update(app_token="xapp-wrong"),
        "slack.socket",
        CheckState.FAILED,
    ),
    "missing scope": (_drop_scope, "slack.scopes", CheckState.FAILED),
    "unknown channel": (
        lambda scene: scene.slack_channels.append("C0NOBODY"),
        "slack.channel.C0NOBODY",
        CheckState.FAILED,
    ),
    "no signing secret": (
        lambda scene: scene.slack_section.update(mode="http"),
        "slack.events",
        CheckState.FAILED,
    ),
    "wrong Discord token": (
        lambda scene: scene.discord_section.update(token=SecretStr("wrong")),
        "discord.token",
        CheckState.FAILED,
    ),
    "unknown Discord channel": (
        lambda scene: scene.discord_channels.append("123456789012345678"),
        "discord.channel.123456789012345678",
        CheckState.FAILED,
    ),
    "database for everybody": (lambda scene: scene.path.chmod(0o644), "database.mode", CheckState.WARNING),
    "configuration for everybody": (
        lambda scene: scene.config.chmod(0o644),
        "config.mode",
        CheckState.WARNING,
    ),
    "no database": (
        _no_database,
        "database",
        CheckState.FAILED,
    ),
    "exposed": (
        lambda scene: scene.web.update(enabled=True, host="0.0.0.0"),
        "web.exposure",
        CheckState.WARNING,
    ),
    "certificates that are not there": (
        lambda scene: scene.environment.update(SSL_CERT_FILE="/nowhere.pem"),
        "machine.certificates",
        CheckState.WARNING,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_exactly_the_line_of_what_is_wrong_says_so(well: Scene, name: str) -> None:
    spoil, check, state = FAULTS[name]
    spoil(well)
    found = await well.found()

    assert troubles(found) == {check: state}
    cure = next(each.cure for each in found if each.check == check)
    assert cure
    assert f"-> {cure}" in as_text(found)
    assert status_of(found) == (2 if state is CheckState.FAILED else 1)


async def test_the_report_holds_no_secret_and_no_sign_that_steers_a_terminal(well: Scene) -> None:
    well.aivax.update(api_key="sk-aiv-acc-verysecret")
    well.slack_section.update(bot_token="xoxb-verysecret")
    found = await well.found()
    found.append(Finding("x", CheckState.FAILED, "\x1b[31mred\nnext", "c"))

    for report in (as_text(found), as_json(found)):
        assert "verysecret" not in report
        assert "\x1b" not in report
    assert {"check", "state", "cause", "cure"} == set(json.loads(as_json(found))["checks"][0])


async def test_a_check_that_has_a_bug_hides_no_other(well: Scene) -> None:
    class Broken:
        name = "broken"

        async def run(self) -> list[Finding]:
            raise RuntimeError("a bug")

    found = await examine([Broken(), *well.checks()])

    assert troubles(found) == {"broken": CheckState.UNKNOWN}
    assert status_of(found) == 0


@pytest.mark.parametrize(("off_s", "state"), [(0, "ok"), (-90, "failed"), (3_600, "failed")])
def test_a_clock_that_is_off_is_told(off_s: int, state: str) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)

    finding = clock_finding("slack.clock", "Sun, 29 Nov 2026 12:00:00 GMT", now + timedelta(seconds=off_s))

    assert finding.state == state
    assert clock_finding("slack.clock", "", now).state is CheckState.UNKNOWN
