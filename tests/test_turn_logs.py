"""What the log says of a turn can be found by the turn, by its conversation, and by the reference that people have."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from sandbox.faults import Fault
from tests.samples import BEN, CHANNEL, said
from tests.stage import staged

ABOUT_TURNS = ("turn.", "aivax.", "question.", "breaker.")


async def test_every_line_about_a_turn_names_it_and_its_conversation(migrated_url: str) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as log:
        async with staged(migrated_url, aivax={"tries": 2}) as stage:
            await stage.hear(said("first"))
            for fault in (
                Fault("completions", "status", status=503),
                Fault("completions", "status", status=400),
            ):
                stage.sandbox.state.faults.add(fault)
            await stage.hear(said("second", by=BEN, at=CHANNEL))
            turns = await stage.rows("SELECT id FROM turns ORDER BY id")
            conversations = await stage.rows("SELECT conversation_id FROM turns ORDER BY id")
            told = stage.platform.visible("general")[0]

    lines = [line for line in log if line["event"].startswith(ABOUT_TURNS)]
    of_turn = dict(zip(turns, conversations, strict=True))
    assert {line["event"] for line in lines} == {"turn.answered", "aivax.retry", "turn.failed"}
    assert {(line["event"], line["turn"]) for line in lines} == {
        ("turn.answered", turns[0]),
        ("aivax.retry", turns[1]),
        ("turn.failed", turns[1]),
    }
    assert all(line["conversation"] == of_turn[line["turn"]] for line in lines)
    assert next(line["reference"] for line in lines if line["event"] == "turn.failed") in told
