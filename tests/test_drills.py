"""Each drill keeps its promises; a broken one is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bots.cli.main import cli
from bots.drills.running import perform, play
from bots.drills.scene import PHOTO, Scene
from bots.drills.scripts import DRILLS, Drill
from sandbox.faults import Fault
from sandbox.server import PRIVATE_KEY

ASKED_FOR = {
    "balance",
    "media-balance",
    "storage",
    "rate-limit",
    "outage",
    "poison",
    "cut-stream",
    "stream-error",
    "slow",
    "garbage",
    "bad-key",
    "unknown-gateway",
    "silence",
}


def drill(play: object) -> Drill:
    return Drill("made-up", "a drill of this test", play)  # type: ignore[arg-type]


async def test_a_page_shows_what_each_side_saw() -> None:
    page = (await play(DRILLS["bad-key"])).page()

    assert "What the user saw\n    (status 401 from now on, 2x)\n    ana> what are the opening hours?" in page
    assert "bot> I can't answer right now: I'm not set up correctly" in page
    assert "What the operator saw: alerts\n    AIVAX refuses the key" in page
    assert "turn.failed" in page.partition("What the operator saw: log")[2]
    assert PRIVATE_KEY not in page


async def test_a_broken_promise_makes_it_fail() -> None:
    async def broken(scene: Scene) -> None:
        await scene.says("ana", "hello")
        scene.promises["nobody is answered"] = not scene.people.shown()

    told: list[str] = []
    status = await perform([drill(broken)], told.append)

    assert status == 1
    assert "BROKEN  nobody is answered" in told[0]
    assert told[-1] == "1 played; broken promises in: made-up"


async def test_a_drill_that_breaks_off_fails() -> None:
    async def breaking_off(scene: Scene) -> None:
        raise ValueError("a bug in the script")

    outcome = await play(drill(breaking_off))

    assert not outcome.kept
    assert "the drill is played to its end (ValueError)" in outcome.page()


async def test_a_question_that_is_left_waiting_fails() -> None:
    async def left(scene: Scene) -> None:
        scene.account.set_balance(0)
        await scene.says("ana", "hello")

    outcome = await play(drill(left))

    assert [text for text, kept in outcome.promises.items() if not kept] == ["every question came to its end"]


@pytest.mark.parametrize(
    ("leaked", "promise"),
    [
        ("402 insufficient balance", "no user reads a status code"),
        ("NoBalance", "no user reads the name of an error"),
        (PRIVATE_KEY, "nobody reads the key"),
    ],
)
async def test_what_no_user_may_read_is_found(leaked: str, promise: str) -> None:
    async def leaking(scene: Scene) -> None:
        await scene.says("ana", leaked)  # the sandbox repeats what it is told

    outcome = await play(drill(leaking))

    assert promise in [text for text, kept in outcome.promises.items() if not kept]


async def test_a_fault_of_ours_is_found() -> None:
    async def failing(scene: Scene) -> None:
        scene.people.files = None  # type: ignore[assignment]
        await scene.says("ana", "what is this?", PHOTO)

    outcome = await play(drill(failing))

    assert [text for text, kept in outcome.promises.items() if not kept] == ["no fault of ours is in the log"]


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    await play(drill(lambda scene: scene.says("ana", "hello")))

    assert list(tmp_path.iterdir()) == []


async def test_faults_come_to_their_turn() -> None:
    async def faulty(scene: Scene) -> None:
        scene.fails(Fault("completions", "status", status=404))
        await scene.says("ana", "hello")
        scene.promises["it failed"] = await scene.states() == ["failed"]

    assert (await play(drill(faulty))).kept


def test_the_drills_that_there_are() -> None:
    listed = CliRunner().invoke(cli, ["drill", "--list"])

    assert set(DRILLS) == ASKED_FOR
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(DRILLS)


@pytest.mark.parametrize("arguments", [["drill"], ["drill", "flood"]])
def test_a_drill_that_there_is_not_is_told_with_those_that_there_are(arguments: list[str]) -> None:
    refused = CliRunner().invoke(cli, arguments)

    assert refused.exit_code == 2
    assert "media-balance" in refused.output


@pytest.mark.long
def test_all_drills_as_a_command_need_no_configuration(tmp_path: Path) -> None:
    """In a directory without any file, and under warnings as errors."""
    command = [sys.executable, "-W", "error", "-m", "bots", "drill", "all"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[1])}

    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(f"drill {name}: " in ended.stdout for name in DRILLS)
    assert ended.stdout.endswith(f"{len(DRILLS)} played, all promises kept\n")
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
