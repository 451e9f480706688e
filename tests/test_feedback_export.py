"""What people think of answers, as operators list and export it: without who they are, and not of who is forgotten."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bots.cli.quality.feedback_rows import export_feedback, list_feedback
from core.domain import Action, Author, Command, Commanded, Place, Pressed
from core.storage import feedback as stored
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.stage import Stage, staged

MAIL = "ana@example.com"


async def judged(
    stage: Stage, text: str, *, good: bool = False, comment: str = "", by: Author = ANA, at: Place = DIRECT
) -> None:
    """Have somebody ask, and say what they think of the answer."""
    question = said(text, by=by, at=at)
    await stage.hear(question)
    key = (await stage.rows("SELECT key FROM turns WHERE NOT notice ORDER BY id DESC"))[0]
    action = Action.GOOD if good else Action.BAD
    await stage.hear(Pressed((f"press-{key}",), by, at, action, key, question.address, text=comment))


async def exported(stage: Stage, folder: Path, since: str = "", **more: Any) -> list[dict[str, Any]]:
    out = folder / "out.jsonl"
    out.unlink(missing_ok=True)
    assert await export_feedback(stage.settings, since, out, **{"as_written": False, **more}) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


async def test_an_export_tells_question_answer_and_opinion_and_nobodys_name(
    migrated_url: str, tmp_path: Path
) -> None:
    async with staged(migrated_url) as stage:
        await judged(stage, f"write to {MAIL}", comment="no, to ben@example.com")
        await judged(stage, "the second", good=True, by=BEN, at=CHANNEL)
        first, second = await exported(stage, tmp_path)
        written = (await exported(stage, tmp_path, as_written=True))[0]

    assert (first["question"], first["rating"], first["place"]) == ("write to [EMAIL]", "bad", "direct")
    assert first["comment"] == "no, to [EMAIL]"
    assert "[EMAIL]" in first["answer"]
    assert first["model"]
    assert (second["question"], second["rating"], second["place"]) == ("the second", "good", "thread")
    assert written["question"] == f"write to {MAIL}"
    assert set(first) == {"question", "answer", "rating", "comment", "at", "model", "place"}
    whole = json.dumps([first, second]).lower()
    assert not any(word in whole for word in ('"ana"', "ana@", "d-ana", "general", "w1"))


async def test_who_is_forgotten_is_in_no_export_also_before_it_is_carried_out(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(migrated_url) as stage:
        await judged(stage, "of Ana")
        await judged(stage, "of Ben", by=BEN, at=CHANNEL)
        await stage.change(
            "INSERT INTO erasures (person_id, identity_id, conversation_id, address, as_page, last_turn, messages,"
            " asked_at) SELECT i.person_id, i.id, 1, '', false, 99, 0, i.created_at FROM identities i"
            " WHERE i.\"user\" = 'ana'"
        )
        pending = [each["question"] for each in await exported(stage, tmp_path)]
        await stage.change("DELETE FROM erasures")
        erase = Commanded(("erase-1",), ANA, DIRECT, Command.ERASE, address="D-ana/erase-1")
        await stage.hear(erase)
        done = [each["question"] for each in await exported(stage, tmp_path)]

    assert pending == ["of Ben"]
    assert done == ["of Ben"]


async def test_where_people_are_asked_to_agree_only_those_who_did_are_exported(
    migrated_url: str, tmp_path: Path
) -> None:
    async with staged(migrated_url) as stage:
        await judged(stage, "of Ana")
        await judged(stage, "of Ben", by=BEN, at=CHANNEL)
    async with staged(migrated_url, privacy={"consent": "agree"}) as stage:
        await stage.change(
            "INSERT INTO consents (person_id, told_at, agreed_at) SELECT person_id, created_at, created_at"
            " FROM identities WHERE \"user\" = 'ben'"
        )
        found = [each["question"] for each in await exported(stage, tmp_path)]

    assert found == ["of Ben"]


async def test_pages_and_a_beginning_leave_out_no_more_than_they_say(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "PAGE", 2)
    async with staged(migrated_url) as stage:
        for number in range(5):
            await judged(stage, f"question {number}")
        whole = [each["question"] for each in await exported(stage, tmp_path)]
        last_hour = await exported(stage, tmp_path, since="1h")

    assert whole == [f"question {number}" for number in range(5)]
    assert len(last_hour) == 5


async def test_a_list_is_one_line_for_each_and_names_what_is_left_out(
    migrated_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with staged(migrated_url) as stage:
        await judged(stage, "first")
        await judged(stage, f"second\n\x1b[31mred of {MAIL}", comment="bad")
        capsys.readouterr()
        assert await list_feedback(stage.settings, "", 1, as_written=False) == 0
    shown = capsys.readouterr()

    line = next(each for each in shown.out.splitlines() if "second" in each)
    assert "\x1b" not in line
    assert "[EMAIL]" in line
    assert "| bad" in line
    assert "1 older ones are left out" in shown.err


async def test_a_file_that_is_there_is_not_written_over(migrated_url: str, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    async with staged(migrated_url) as stage:
        status = await export_feedback(stage.settings, "", tmp_path / "out", as_written=False)

    assert status != 0
    assert (tmp_path / "out").read_text() == "mine"
