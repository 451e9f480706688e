"""What is not taken in: asked for before anything is posted, counted where it is passed over; on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.admission.passed_over import PassedCounts
from core.domain import Action, Command, Commanded, Edited, PassedOver, Pressed
from core.i18n import Phrase
from tests.samples import ANA, BEN, CHANNEL, WallClock, said
from tests.stage import staged


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.mark.parametrize(
    ("sections", "wanted"),
    [
        ({}, None),
        ({"access": {"block_users": ["fake:ana"]}}, Phrase.NOT_FOR_YOU),
        ({"access": {"block_roles": ["fake:guests"]}}, Phrase.NOT_FOR_YOU),
        ({"access": {"block_channels": ["fake:general"]}}, Phrase.NOT_HERE),
        ({"access": {"block_channels": ["fake:category"]}}, Phrase.NOT_HERE),
        ({"access": {"block_workspaces": ["fake:W1"]}}, Phrase.NOT_HERE),
        ({"limits": {"message_chars": 4}}, "That message is too long for me"),
        ({"limits": {"person_hourly": 1}}, "You've asked as many questions as I may answer you in an hour"),
        ({"limits": {"person_daily": 1}}, "You've asked as many questions as I may answer you in a day"),
        ({"limits": {"workspace_daily": 1}}, "I've been asked as many questions here"),
    ],
)
async def test_who_would_be_refused_is_known_before_anything_is_posted(
    migrated_url: str, clock: WallClock, sections: dict[str, Any], wanted: str | None
) -> None:
    question = said("hello", by=replace(ANA, roles=("guests",)), at=CHANNEL, within=("category",))
    async with staged(migrated_url, now=clock, **sections) as stage:
        await stage.hear(said("one"))
        before = await stage.rows("SELECT count(*) FROM turns")

        sentences = [await stage.core.intake.refusal(question) for _ in range(2)]

        assert await stage.rows("SELECT count(*) FROM turns") == before
    if wanted is None:
        assert sentences == [None, None]
    else:
        assert all(sentence is not None and sentence.startswith(wanted) for sentence in sentences)


async def test_a_refusal_of_somebody_unknown_speaks_their_language_and_makes_nobody_known(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={"message_chars": 4}) as stage:
        sentence = await stage.core.intake.refusal(said("longer", by=replace(BEN, locale="es-ES")))

        assert sentence is not None
        assert "caracteres" in sentence
        assert await stage.rows("SELECT * FROM identities") == []


def test_what_is_passed_over_is_one_line_of_numbers_for_each_platform() -> None:
    counts = PassedCounts()
    for reason in (PassedOver.BOT, PassedOver.BOT, PassedOver.OWN):
        counts.add("fake", reason)
    counts.add("other", PassedOver.NOT_ADDRESSED)

    with capture_logs() as lines:
        counts.tell()
        counts.tell()

    assert [(line["event"], line["platform"]) for line in lines] == [
        ("events.passed_over", "fake"),
        ("events.passed_over", "other"),
    ]
    assert lines[0]["another_bot"] == 2
    assert lines[0]["the_bots_own"] == 1
    assert counts.totals["fake", PassedOver.BOT] == 2


async def test_a_second_delivery_and_an_unheard_refusal_are_counted(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, access={"block_users": ["fake:ana"]}) as stage:
        await stage.hear(said(by=BEN, key="once"), said(by=BEN, key="once"))
        await stage.hear(said(), said())

        assert stage.core.intake.passed.totals == {
            ("fake", PassedOver.DUPLICATE): 1,
            ("fake", PassedOver.NOT_ALLOWED): 1,
        }


# Presses and changed words


def pressed(action: Action, turn: str, name: str, *, text: str = "", within: tuple[str, ...] = ()) -> Pressed:
    return Pressed((name,), ANA, CHANNEL, action, turn, f"aside/{name}", text, within=within)


@pytest.mark.parametrize(
    ("access", "answered"),
    [
        ({"allow_channels": ["fake:category"]}, True),
        ({"block_channels": ["fake:category"]}, False),
        ({"allow_channels": ["fake:another"]}, False),
    ],
)
async def test_answer_again_is_judged_by_the_category_as_the_question_was(
    migrated_url: str, clock: WallClock, access: dict[str, Any], answered: bool
) -> None:
    async with staged(migrated_url, now=clock) as stage:
        await stage.hear(said("hello", at=CHANNEL, within=("category",)))
    (key,) = await stage.rows("SELECT key FROM turns")

    async with staged(migrated_url, now=clock, access=access) as stage:
        await stage.hear(pressed(Action.REGENERATE, key, "again", within=("category",)))

        assert (len(stage.asked) == 1) is answered
        assert (Phrase.NOT_HERE in stage.platform.visible("aside")) is not answered


async def test_what_blocked_people_press_and_change_has_no_effect_and_is_told_once_a_day(
    migrated_url: str, clock: WallClock
) -> None:
    question = said("hello", at=CHANNEL)
    async with staged(migrated_url, now=clock) as stage:
        await stage.hear(question)
    (key,) = await stage.rows("SELECT key FROM turns")

    async with staged(migrated_url, now=clock, access={"block_users": ["fake:ana"]}) as stage:
        await stage.hear(
            *(pressed(Action.BAD, key, f"bad-{number}", text="a" * 3000) for number in range(3)),
            pressed(Action.REGENERATE, key, "again"),
            Edited(("edited",), ANA, CHANNEL, question.origin, "something else"),
        )

        assert await stage.rows("SELECT comment FROM feedback") == []
        assert await stage.rows("SELECT text FROM messages WHERE role = 'user'") == ["hello"]
        assert stage.platform.visible("aside") == [Phrase.NOT_FOR_YOU]
        assert stage.core.intake.passed.totals["fake", PassedOver.NOT_ALLOWED] == 4


async def test_who_is_blocked_is_told_what_is_stored_and_can_have_it_erased(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock) as stage:
        await stage.hear(said("remember my birthday", at=CHANNEL))

    async with staged(migrated_url, now=clock, access={"block_users": ["fake:ana"]}) as stage:
        await stage.hear(Commanded(("privacy",), ANA, CHANNEL, Command.PRIVACY, "aside/privacy"))
        (key,) = await stage.rows("SELECT key FROM turns WHERE offers = 'forget'")
        await stage.hear(pressed(Action.FORGET, key, "forget"))

        assert await stage.rows("SELECT text FROM messages WHERE text <> ''") == []
        assert stage.platform.visible("aside") != [Phrase.NOT_FOR_YOU]
