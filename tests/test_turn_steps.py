"""A turn's whole timeline: what `doctor why` and the console tell are the same steps, from one source."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from bots.doctor import why
from bots.web.console.pages import told
from core.domain.audit import Actor, AuditAction, AuditEntry, Via
from core.domain.console import Role
from core.i18n.console import console_translator
from core.operations.turn_steps import Standing, StepKind, steps_of
from core.storage.db import Database, calls, deliveries, failures, messages, turns
from core.storage.operations.audit import AuditLog
from core.storage.ops.turn_story import story
from tests.console_seed import REFERENCE, Size, fill
from tests.console_stage import console_on

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
SMALL = Size(people=6, turns=150, days=10)


def test_both_have_words_for_each_step() -> None:
    dated = set(StepKind) - {StepKind.ENDED}  # said by the turn's state

    assert set(why.STEPS) == set(told.STEPS) == dated
    assert set(why.STANDINGS) == set(Standing) - {Standing.RUNNING}
    assert set(told.WHYS) <= set(Standing)


async def eventful(database: Database) -> int:
    """A turn to which much happened: asked in two messages, held, failed, retried, healed, begun anew, retracted."""
    last = await fill(database, NOW, SMALL)
    at = NOW - timedelta(minutes=16)
    async with database.write() as connection:
        changed = update(turns).where(turns.c.id == last)
        times = {"created_at": at, "held_at": at + timedelta(seconds=9), "held_by": "outage:research:91aa"}
        times["started_at"], times["ended_at"] = at + timedelta(minutes=2), at + timedelta(minutes=3)
        await connection.execute(
            changed.values(**times, identity_id=2, conversation_id=4, generation=1, replaced_by=last - 1)
        )
        of = {"conversation_id": 4, "turn_id": last, "identity_id": 2, "role": "user", "attachments": []}
        more = {"id": 99_999, "text": "and more", "origin": "x.2", "created_at": at + timedelta(seconds=1)}
        await connection.execute(insert(messages).values(**of, **more))
        made = {"turn_id": last, "workspace": "slack:T0ACME", "person_id": 2, "sent": True}
        await connection.execute(insert(calls).values(**made, at=at + timedelta(seconds=5)))
        failed = {"breaker": "outage:research:91aa", "kind": "Unavailable", "turn_id": last, "person_id": 2}
        await connection.execute(insert(failures).values(**failed, at=at + timedelta(seconds=8)))
        parts = [
            {"turn_id": last, "part": each, "message_id": f"m{each}", "gone": each == 1} for each in (0, 1)
        ]
        await connection.execute(insert(deliveries), parts)
        earlier = update(turns).where(turns.c.id == 150).values(conversation_id=4, replaced_by=last)
        await connection.execute(earlier)
    entry = AuditEntry(Actor(Via.CONSOLE, "ola"), AuditAction.RETRY, turn=last, identity=2)
    await AuditLog(database, lambda: at + timedelta(minutes=1)).add(entry)
    return last


async def test_a_turn_s_way_is_told_whole_and_alike_by_both(migrated_url: str) -> None:
    async with console_on(migrated_url, now=lambda: NOW) as console:
        last = await eventful(console.database)
        found = await story(console.database, last)
        assert found is not None
        page = await (await console.user("ola", Role.OPERATOR)).see(f"/turns/{last}")
        command = why.told([found], NOW)

    assert [step.kind for step in steps_of(found)] == [
        StepKind.STORED,
        StepKind.ADDED,
        StepKind.CALLED,
        StepKind.CALL_FAILED,
        StepKind.HELD,
        StepKind.RETRIED,
        StepKind.BEGUN,
        StepKind.TOOL,
        StepKind.ENDED,
    ]
    speaks = console_translator("en", "en")
    for step in told.steps_told(found, speaks):
        assert step.text in page.text
        assert step.detail in page.text
        assert f"{step.at:%H:%M:%S}" in page.text
        assert f"{step.at:%Y-%m-%d %H:%M:%S}" in command
    in_order = ["A circuit breaker held it", "Attempt 3 began", "after 60 s", "The tool web_search"]
    assert all(page.text.index(a) < page.text.index(b) for a, b in itertools.pairwise(in_order))
    for said, printed in (
        (
            "It was let through again by: The AI service does not answer (research:91aa)",
            "let it through again",
        ),
        (f"The question was asked once more, as turn {last - 1}.", f"asked once more, as turn {last - 1}"),
        ("It stands in the place of turn 150.", "in the place of turn 150"),
        ("Its text was begun anew 1 times.", "begun anew 1 times"),
        (
            "1 messages of the answer are on the platform no more.",
            "1 messages of the answer are on the platform",
        ),
        ("The operator ola had it tried again", "the operator ola had it tried again"),
        (f"reference={REFERENCE}", f"reference={REFERENCE}"),
    ):
        assert said in page.text
        assert printed in command
    assert f'"/console/conversations/4?at={last}"' in page.source
    assert '"/console/people/2"' in page.source


@pytest.mark.parametrize(("seconds", "kind"), [(30, StepKind.STORED), (90, StepKind.FOUND)])
async def test_what_was_said_before_it_was_heard_is_told_by_both(
    migrated_url: str, seconds: int, kind: StepKind
) -> None:
    async with Database(migrated_url) as database:
        last = await eventful(database)
        found = await story(database, last)
    assert found is not None

    steps = steps_of(found, found.created_at - timedelta(seconds=seconds))

    assert [step.kind for step in steps[:2]] == [StepKind.SAID, kind]
