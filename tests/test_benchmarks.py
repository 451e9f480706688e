"""The benchmarks themselves, without measuring anything: rows, goals, the report, the gateway's script."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import func, select

from benchmarks import __main__ as command
from benchmarks import report
from benchmarks.row import Figure, Goal, Measured, Plot, Row, as_json
from benchmarks.rows import ROWS, SETS
from benchmarks.stage.databases import Databases
from benchmarks.stage.filling import fill
from benchmarks.stage.gateway import Connection, Server, answer_of, script
from benchmarks.stage.programs import gateway, program, together
from core.aivax.transport import httpx
from core.storage.db import Database, messages
from tests.waiting import soon

TREE = Path(__file__).parent.parent
LONGEST_BASELINE = 60


def made_up(row: Row, figure: Figure) -> dict[str, object]:
    """A row as it is kept, with one figure for every line."""
    curves = {"ours": [(0.0, 1.0), (1000.0, 2.5)]}
    measured = Measured(
        {line.name: figure for line in row.lines}, {row.name: Plot("Growth", "x", "ms", curves)}
    )
    return as_json(row, measured, commit="abc1234", machine="a machine", seconds=1.0)


def test_every_row_can_be_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--list"])

    command.main()

    listed = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in listed] == list(ROWS)
    assert {name for name, of in listed if of == "further"} == set(SETS["further"])
    assert all(row.name == name and row.lines and row.what for name, row in ROWS.items())


def test_without_a_name_only_the_default_set_is_measured() -> None:
    """`make bench` is to take less than ten minutes: rows of several processes and of the console are asked for."""
    assert [row.name for row in command.picked([])] == [
        name for name in ROWS if name not in {"dispatch", "jobs", "handover", "console"}
    ]


@pytest.mark.parametrize(
    ("names", "measured"),
    [
        (["all"], list(ROWS)),
        (["further"], ["dispatch", "jobs", "handover", "console"]),
        (["console", "dispatch"], ["dispatch", "console"]),
        (["further", "core", "jobs"], ["core", "dispatch", "jobs", "handover", "console"]),
    ],
)
def test_rows_are_picked_by_their_names_and_by_those_of_sets(names: list[str], measured: list[str]) -> None:
    assert [row.name for row in command.picked(names)] == measured


def test_an_unknown_row_is_refused_with_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "core", "turn"])

    with pytest.raises(SystemExit):
        command.main()

    told = capsys.readouterr().err
    assert "no such row: turn" in told
    assert all(name in told for name in (*ROWS, *SETS))


def test_what_was_not_measured_this_time_stays_with_its_commit_and_its_time() -> None:
    before = {name: made_up(ROWS[name], Figure(2.0, 1.0)) for name in ("core", "jobs")}

    results = command.with_row(before, "core", {**before["core"], "commit": "def5678", "seconds": 7.0})

    text = report.rendered(results)
    assert "- `core` (7 s, commit def5678): " in text
    assert "- `jobs` (1 s, commit abc1234): " in text
    assert all(f"| {line.name} |" in text for name in before for line in ROWS[name].lines)
    assert "The default set, on commit def5678: 0.1 minutes; not measured yet: `reading`" in text
    assert "The further set, on commit abc1234: 0.0 minutes; not measured yet: `dispatch`" in text


def test_the_report_shows_each_line_with_its_verdict_from_what_was_saved(tmp_path: Path) -> None:
    kept = tmp_path / "results.json"
    report.save({name: made_up(row, Figure(2.0, 1.0)) for name, row in ROWS.items()}, kept)

    text = report.page(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", report.saved(kept))

    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "\nold\n" not in text
    for line in (line for row in ROWS.values() for line in row.lines):
        (shown,) = (each for each in text.splitlines() if each.startswith(f"| {line.name} |"))
        assert shown.endswith((" | met |", " | missed |"))
    for svg in report.pictures(report.saved(kept)).values():
        ElementTree.fromstring(svg)  # noqa: S314  our own


@pytest.mark.parametrize(
    ("goal", "ours", "theirs", "is_met"),
    [
        (Goal(1.2), 12.0, 10.0, True),
        (Goal(1.2), 12.1, 10.0, False),
        (Goal(4, sign=">="), 40.0, 10.0, True),
        (Goal(4, sign=">="), 39.0, 10.0, False),
        (Goal(1, "figure", "<"), 1.0, None, False),
        (Goal(100, "figure"), 100.0, None, True),
        (Goal(100, "figure"), float("nan"), None, False),
    ],
)
def test_a_goal_is_met_or_missed(goal: Goal, ours: float, theirs: float | None, is_met: bool) -> None:
    assert goal.is_met(ours, theirs) is is_met


def test_the_page_and_its_pictures_show_what_is_saved() -> None:
    """`make bench` writes all three; `python -m benchmarks --render` writes the page from the saved figures."""
    results = report.saved()

    assert report.page(report.PAGE.read_text(), results) == report.PAGE.read_text()
    for name, svg in report.pictures(results).items():
        assert (report.PAGE.parent / name).read_text() == svg


def test_the_bare_programs_are_as_short_as_a_quick_start() -> None:
    lengths = {
        path.name: len(path.read_text().splitlines()) for path in (TREE / "benchmarks/baselines").glob("*.py")
    }

    assert len(lengths) > 5
    assert {name: lines for name, lines in lengths.items() if lines >= LONGEST_BASELINE} == {}


@pytest.mark.parametrize("per_s", [0, 500], ids=["packed", "one event a write"])
async def test_the_scripted_gateway_says_what_the_question_asks_for(per_s: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(Server()), "127.0.0.1", 0)
    async with (
        server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client,
    ):
        for count in (3, 40):
            body = {"messages": [{"role": "user", "content": script(count, per_s)}]}
            text = (await client.post("/v1/chat/completions", json=body)).text

            assert text.count("data: {") == count + 2
            assert text.endswith("data: [DONE]\n\n")
    assert len(answer_of(40).split(" ")) == 40


async def test_a_gateway_that_thinks_says_nothing_for_so_long_and_then_all_at_once(tmp_path: Path) -> None:
    body = {"messages": [{"role": "user", "content": script(4, 0, after_s=1)}]}
    loop = asyncio.get_running_loop()
    async with gateway(tmp_path) as aivax, httpx.AsyncClient() as client:
        asked_at = loop.time()
        async with client.stream("POST", f"{aivax.url}/chat/completions", json=body) as answer:
            came = [(loop.time() - asked_at, words) async for words in answer.aiter_text()]

    assert came[0][0] > 0.99
    said = "".join(words for _, words in came)
    assert "".join(re.findall(r'"content":"([^"]*)"', said)) == answer_of(4)


class Opening:
    """Something that is opened and closed, or fails to open."""

    def __init__(self, name: str, seen: list[str], *, fails: bool = False) -> None:
        self._name, self._seen, self._fails = name, seen, fails

    async def __aenter__(self) -> str:
        if self._fails:
            raise RuntimeError(self._name)
        self._seen.append(f"{self._name} opened")
        return self._name

    async def __aexit__(self, *_: object) -> None:
        self._seen.append(f"{self._name} closed")


async def test_what_is_opened_together_is_closed_though_one_of_it_fails() -> None:
    seen: list[str] = []

    with pytest.raises(RuntimeError, match="second"):
        async with together(Opening("first", seen), Opening("second", seen, fails=True)):
            pytest.fail("one of them is not open")
    async with together(Opening("third", seen), Opening("fourth", seen)) as opened:
        assert opened == ["third", "fourth"]

    assert seen == [
        *("first opened", "first closed"),
        *("third opened", "fourth opened", "third closed", "fourth closed"),
    ]


async def test_each_empty_database_is_one_of_its_own() -> None:
    with Databases() as databases:
        first, second = await asyncio.gather(databases.empty("sqlite"), databases.empty("sqlite"))
        await fill(first, 20, 4)

        counts = []
        for url in (first, second):
            async with Database(url) as database, database.read() as connection:
                counts.append(
                    (await connection.execute(select(func.count()).select_from(messages))).scalar_one()
                )
    assert counts == [20, 0]


async def test_the_program_that_times_when_turns_begin_still_fits_the_core(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    database = f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"
    given = ("work", database, "http://127.0.0.1:1/v1", "rows")
    async with program("-m", "benchmarks.inside.handover", *given, log=tmp_path / "log") as working:
        await soon("the program to be ready", working.told("ready"))
