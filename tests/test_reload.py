"""SIGHUP: limits, access, wording, routes and the log's level change while answers are written; no turn is lost."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from bots import logs
from bots.app import open_core
from bots.frontends import installed
from bots.reloading import FIXED, LiveSettings, Reloader
from bots.settings import Settings, load
from core.domain import Author, Frontend, Identity, Place
from sandbox.server import Sandbox, serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import said
from tests.stage import FakePlatform, Stage
from tests.town import Town, running
from tests.waiting import ended, until

CONFIG = """
[storage]
url = "{url}"
[aivax]
base_url = "{aivax}/v1"
api_key = "sk-aiv-acc-sandbox"
model = "sandbox:50c3"
tries = 1
[operators]
channel = "slack:C0OPERATORS"
"""
CHANGED = """
[limits]
message_chars = 50
running_turns = 7
[replies]
locale = "es"
footer = true
[replies.sentences]
message_too_long = "Too much! ({length} of {most})"
[access]
block_users = ["slack:U0CLEO0001"]
[[routes]]
platform = "slack"
channel = "D0BEN"
instructions = "Speak of boats."
[log]
level = "debug"
format = "json"
"""


def person(name: str) -> dict[str, object]:
    """Who says something, and where: a direct message of their own."""
    author = Author(Identity("slack", "T1", f"U0{name.upper()}0001"), name)
    return {"by": author, "at": Place("slack", "T1", f"D0{name.upper()}", private=True)}


class SlackInMemory(FakePlatform):
    """The made-up platform under the name of one whose ids the settings know."""

    platform = "slack"


@dataclass
class Running:
    """A bot with a configuration that can be changed."""

    stage: Stage
    config: Path
    live: LiveSettings
    begins_with: str

    def write(self, more: str) -> None:
        self.config.write_text(self.begins_with + more)

    async def hang_up(self) -> None:
        os.kill(os.getpid(), signal.SIGHUP)

    async def told_operators(self, words: str) -> str:
        """What operators were told that has these words."""
        place = self.stage.platform.place("C0OPERATORS")
        await until(f"operators to be told {words!r}", lambda: any(words in each for each in place.visible))
        return next(each for each in reversed(place.visible) if words in each)


def read(config: Path) -> Settings:
    return load(installed(), path=config, environment={})


@asynccontextmanager
async def bot(folder: Path, url: str, sandbox: Sandbox) -> AsyncIterator[Running]:
    config = folder / "config.toml"
    begins_with = CONFIG.format(url=url, aivax=sandbox.base_url)
    config.write_text(begins_with)
    live = LiveSettings(read(config))
    logs.configure(live.settings.log)
    platform = SlackInMemory()
    frontends: dict[str, Frontend] = {platform.platform: platform}
    async with open_core(live.settings, frontends) as core:
        reloader = Reloader(live, partial(read, config), core.check, core.admitting.alerts)
        tasks = [asyncio.create_task(core.work()), asyncio.create_task(reloader.run())]
        await asyncio.sleep(0)  # the handler is there now
        try:
            yield Running(Stage(core, platform, sandbox, live.settings), config, live, begins_with)
        finally:
            for task in tasks:
                task.cancel()
                await ended(task)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as opened:
        yield opened


async def test_a_reload_in_mid_answer_loses_nothing_and_what_is_said_next_meets_the_new_settings(
    sqlite_url: str, tmp_path: Path, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    async with bot(tmp_path, sqlite_url, sandbox) as running:
        stage = running.stage
        sandbox.state.tokens_per_s = 50
        for name in ("ana", "ben"):
            await stage.core.intake.receive(said("long 300", **person(name)))
        await until(
            "both answers to begin",
            lambda: all(any(map(str.strip, stage.platform.visible(f"D0{name}"))) for name in ("ANA", "BEN")),
        )

        running.write(CHANGED)
        await running.hang_up()
        await until("the new limit", lambda: running.live.settings.limits.message_chars == 50)
        assert await stage.states() == ["running", "running"]
        sandbox.state.tokens_per_s = 0
        await stage.rest()

        assert await stage.states() == ["answered", "answered"]
        await stage.hear(said("long 300", **person("dan")))
        assert (
            len(set(await stage.rows("SELECT answer FROM turns"))) == 1
        )  # as long as the one that nothing came into

        await stage.hear(said("x" * 60, **person("ana")), said("hello", **person("cleo")))
        await stage.hear(said("hello", **person("ben")))
        assert stage.platform.visible("D0ANA")[-1] == "Too much! (60 of 50)"
        assert (
            "No puedo" in stage.platform.visible("D0CLEO")[-1] or "no" in stage.platform.visible("D0CLEO")[-1]
        )
        assert "Speak of boats." in str(stage.asked[-1]["messages"])
        assert "sandbox:50c3" in stage.platform.visible("D0BEN")[-1]  # the footer
    log = capfd.readouterr().err
    assert "[limits] message_chars" in next(line for line in log.splitlines() if "settings.reloaded" in line)
    waiting = next(line for line in log.splitlines() if "settings.need_restart" in line)
    assert "[limits] running_turns, [log] format" in waiting


async def test_a_file_that_cannot_be_used_changes_nothing_and_is_told_until_it_is_mended(
    sqlite_url: str, tmp_path: Path, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    async with bot(tmp_path, sqlite_url, sandbox) as running:
        before = running.live.settings.limits.message_chars

        running.write('[limits]\nmessage_chars = "many"\nperson_houly = 3\n')
        await running.hang_up()
        assert "[limits] message_chars" in await running.told_operators("can't be used")
        assert running.live.settings.limits.message_chars == before
        await running.stage.hear(said("hello", **person("ana")))
        assert "hello" in running.stage.platform.visible("D0ANA")[-1]

        running.write("[limits]\nmessage_chars = 50\n")
        await running.hang_up()
        await running.told_operators("is in force")
        assert running.live.settings.limits.message_chars == 50
    log = capfd.readouterr().err
    assert "did you mean 'person_hourly'" in log


async def test_what_the_start_would_refuse_a_reload_refuses_too(
    sqlite_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    async with bot(tmp_path, sqlite_url, sandbox) as running:
        running.write("[limits]\nfallback_at_cap = true\nmessage_chars = 50\n")

        await running.hang_up()

        assert "[limits] fallback_at_cap" in await running.told_operators("can't be used")
        assert running.live.settings.limits.message_chars != 50


def test_every_setting_that_waits_for_a_restart_is_one() -> None:
    settings = load(installed(), path=None, environment={})

    for section, keys in FIXED.items():
        assert keys <= type(getattr(settings, section)).model_fields.keys(), section


class Recorder:
    """Tells which settings of a section are read."""

    def __init__(self, section: object, read: set[str]) -> None:
        self._section, self._read = section, read

    def __getattr__(self, name: str) -> object:
        self._read.add(name)
        return getattr(self._section, name)


async def test_no_setting_that_counts_as_live_is_copied_while_the_core_is_wired(
    sqlite_url: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    (config := tmp_path / "config.toml").write_text(CONFIG.format(url=sqlite_url, aivax=sandbox.base_url))
    settings = read(config)
    seen: dict[str, set[str]] = {"limits": set(), "replies": set(), "access": set()}
    recorders = {name: Recorder(getattr(settings, name), names) for name, names in seen.items()}
    live = LiveSettings(settings.model_copy(update=recorders))

    async with open_core(live.settings, {}):
        copied = {name: names - FIXED.get(name, set()) for name, names in seen.items()}

    # a copy of these is only looked at to say what is no longer said, or in what language operators are told
    assert copied == {"limits": {"running_of_person"}, "replies": {"locale", "sentences"}, "access": set()}


async def test_the_program_itself_reloads_on_sighup_and_ends_on_sigterm(tmp_path: Path, url: str) -> None:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, url)
        async with running(tmp_path, town.config()) as process:
            assert await process.line() == "ready: discord, slack\n"
            (tmp_path / "config.toml").write_text(town.config() + "[limits]\nmessage_chars = 9\n")

            process.process.send_signal(signal.SIGHUP)
            await process.says("settings.reloaded")

            refused = await town.ask_on_slack("characters")  # words of the sentence that refuses it
            assert "9" in refused
            assert await process.stop(signal.SIGTERM) == 0
