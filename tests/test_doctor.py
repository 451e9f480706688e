"""`doctor`: one planted fault, one line that says so and what to do; nothing else, and nothing where there is none.

Faults of parts that have nothing to do with each other are planted together, one of each part, so that fifty take the
time of twelve: the lines must be exactly those of the faults.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bots.doctor.clock import clock_finding
from bots.doctor.examination import examine, status_of
from bots.doctor.report import as_json, as_text
from bots.slack.features.checks import SlackCheck
from bots.slack.features.manifest import scopes
from core.domain.checks import CheckState, Finding
from tests.doctor_faults import AIVAX, DATABASE, DISCORD, RUNS, SLACK, Planted
from tests.doctor_stage import Scene, Troubles, at_another_time, page, scene, troubles
from tests.init_stage import program
from tests.slack_ears import settings_at

F, W = "failed", "warning"


@pytest.fixture
async def well(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(migrated_sqlite, tmp_path) as made:
        yield made


def test_thirty_faults_are_planted_and_more() -> None:
    assert (
        len({(part, each.name) for part, run in enumerate(zip(*RUNS, strict=True)) for each in run if each})
        >= 30
    )


def named(lines: Troubles, seen: Troubles) -> Troubles:
    """The lines with the id of the channel that a fault is of, where it was not known before."""
    ids = {name.rpartition(".")[0]: name for name in seen}
    return {
        ids.get(name.removesuffix(".*"), name) if name.endswith("*") else name: lines[name] for name in lines
    }


@pytest.mark.parametrize("run", RUNS, ids=lambda run: ", ".join(each.name for each in run if each))
async def test_exactly_the_lines_of_what_is_wrong_say_so(
    well: Scene, run: tuple[Planted | None, ...]
) -> None:
    well.write()
    planted = [each for each in run if each is not None]
    for each in planted:
        each.plant(well)

    status, found = await well.found()

    seen = troubles(found)
    assert seen == named({name: state for each in planted for name, state in each.lines.items()}, seen)
    assert [each["check"] for each in found if each["state"] in (F, W) and not each["cure"]] == []
    assert status == (2 if F in seen.values() else 1)


async def test_of_an_installation_that_is_well_every_line_says_so(well: Scene) -> None:
    status, found = await well.found()

    assert {each["check"]: each["cause"] for each in found if each["state"] != "ok"} == {}
    assert status == 0
    told = {each["check"]: each["cause"] for each in found}
    assert told["aivax.answer"].startswith("sandbox:50c3 answered")
    assert told[f"slack.channel.{well.general.id}"] == "#general"
    assert told[f"discord.channel.{well.lobby.id}"] == "#lobby, with every permission that is needed"


@pytest.mark.parametrize("planted", [AIVAX[0], SLACK[3], DISCORD[2], DATABASE[3]], ids=lambda each: each.name)
async def test_the_installed_command_says_the_same_to_people(well: Scene, planted: Planted) -> None:
    well.write()
    planted.plant(well)
    well.write()

    ended = await program("doctor", folder=well.folder, env=well.environment)

    failing = [line.split()[1] for line in ended.out.splitlines() if line.startswith(("FAILED", "warning"))]
    seen = dict.fromkeys(failing, F)
    assert seen == named(planted.lines, seen)
    assert "\n" + " " * 9 in ended.out
    assert "-> " in ended.out
    assert (ended.status, ended.err) == (2, "")


# Faults that stand in a server, in the system, or in the way of everything


async def test_a_proxys_page_in_place_of_the_service_is_told(well: Scene) -> None:
    async with page() as address:
        well.set("aivax", base_url=f"{address}/v1")
        _, found = await well.found()

    assert troubles(found) == {"aivax.address": F}


async def test_a_wrong_clock_is_told_by_what_a_platform_tells_of_the_time(well: Scene) -> None:
    origin = well.slack.api_url.removesuffix("/api/")
    async with at_another_time(origin, "Sun, 29 Nov 2020 12:00:00 GMT") as address:
        well.set("slack", api_url=f"{address}/api/")
        _, found = await well.found("--no-answer")

    assert troubles(found) == {"slack.clock": F}
    assert "timedatectl" in next(each["cure"] for each in found if each["check"] == "slack.clock")


async def test_each_missing_scope_is_named(well: Scene) -> None:
    settings = settings_at(well.slack)
    for scope in scopes(settings):
        well.slack.workspace.scopes.discard(scope)
        found = await SlackCheck(settings).run()
        well.slack.workspace.scopes.add(scope)

        wrong = {each.check: each.cause for each in found if each.state is not CheckState.OK}
        assert wrong == {"slack.scopes": f"the app lacks {scope}"}


async def test_a_missing_intent_is_told(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with scene(migrated_sqlite, tmp_path, message_content=False) as spoiled:
        _, found = await spoiled.found("--no-answer")

    assert troubles(found) == {"discord.intents": F}


async def test_a_full_disk_is_told(well: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(well.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000_000))
    _, found = await well.found("--no-answer")

    assert troubles(found) == {"database.disk": F}


async def test_another_program_that_holds_the_database_is_told(
    well: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.ops.inspection.WRITE_WAIT_S", 0.05)
    with closing(sqlite3.connect(well.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        _, found = await well.found("--no-answer")

    assert troubles(found) == {"database.write": F}


@pytest.mark.parametrize(
    ("text", "check"),
    [("[slack", "config"), ("[slack]\nbot_tokn = 'x'\n", "config"), ("[aivax]\nmodel = ''\n", "platforms")],
)
async def test_a_configuration_that_can_not_be_used_is_told(well: Scene, text: str, check: str) -> None:
    well.config.write_text(text)
    well.config.chmod(0o600)
    ended = await program("doctor", "--json", folder=well.folder, env={})

    assert check in troubles(json.loads(ended.out)["checks"])
    assert (ended.status, ended.err) == (2, "")


@pytest.mark.parametrize(("status", "state"), [(200, F), (401, F), (502, "unknown")])
async def test_what_answers_at_the_public_address_is_told(well: Scene, status: int, state: str) -> None:
    async with page(status=status) as address:
        well.set("slack", mode="http", signing_secret="s" * 32, public_url=address)
        _, found = await well.found("--no-answer")

    told = {each["check"]: each["state"] for each in found if each["state"] != "ok"}
    assert told == {"slack.events": state}


# The report


async def test_the_report_holds_no_secret_and_no_sign_that_steers_a_terminal(well: Scene) -> None:
    well.set("aivax", api_key="sk-aiv-acc-verysecret")
    well.set("slack", bot_token="xoxb-verysecret")
    _, found = await well.found()
    findings = [Finding("x", CheckState.FAILED, "\x1b[31mred\nnext", "c")]

    assert "verysecret" not in json.dumps(found)
    for report in (as_text(findings), as_json(findings)):
        assert "\x1b" not in report
    assert {"check", "state", "cause", "cure", "seconds"} == set(json.loads(as_json(findings))["checks"][0])


def test_on_a_terminal_lines_end_between_words_and_go_on_below_themselves() -> None:
    findings = [
        Finding("a.check", CheckState.FAILED, "one two three four five six seven", "do this and that now")
    ]

    shown = as_text(findings, 50).split("\n\n")[0].split("\n")

    assert max(map(len, shown)) <= 50
    assert [line[18:].strip() for line in shown] == [
        "one two three four five six",
        "seven",
        "-> do this and that now",
    ]
    assert shown[1].startswith(" " * 18)
    assert as_text(findings).split("\n")[0].endswith("five six seven")


async def test_a_check_that_has_a_bug_hides_no_other() -> None:
    class Broken:
        name = "broken"

        async def run(self) -> list[Finding]:
            raise RuntimeError("a bug")

    class Well:
        name = "well"

        async def run(self) -> list[Finding]:
            return [Finding("well", CheckState.OK, "")]

    found = await examine([Broken(), Well()])

    assert {each.check: each.state for each in found} == {"broken": CheckState.UNKNOWN, "well": CheckState.OK}
    assert status_of(found) == 0


@pytest.mark.parametrize(("off_s", "state"), [(0, "ok"), (-90, "failed"), (3_600, "failed")])
def test_a_clock_that_is_off_is_told(off_s: int, state: str) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)

    finding = clock_finding("slack.clock", "Sun, 29 Nov 2026 12:00:00 GMT", now + timedelta(seconds=off_s))

    assert finding.state == state
    assert clock_finding("slack.clock", "", now).state is CheckState.UNKNOWN
