"""One person's flood stays theirs: a part of the line, few refusals, a bound on every way in; on both databases."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from core.admission.action_limit import Actions
from core.domain import (
    Action,
    Author,
    Command,
    Commanded,
    Edited,
    Event,
    Identity,
    PassedOver,
    Place,
    Pressed,
)
from core.i18n import Phrase
from core.settings import LimitsSettings
from sandbox.server import serve
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged
from tests.waiting import ended, until

BENS = Place("fake", "W1", "D-ben", private=True)
QUESTIONS = "SELECT count(*) FROM turns WHERE NOT notice"
SENTENCES = "SELECT count(*) FROM turns WHERE notice"

_numbers = itertools.count(1)


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


async def flood(stage: Stage, messages: int, *, by: Author = ANA, at: Place = DIRECT) -> None:
    for number in range(messages):
        await stage.core.intake.receive(said(f"question {number}", by=by, at=at))


DEFAULTS = LimitsSettings()
ONE_PERSON = {"person_waiting": DEFAULTS.person_waiting, "person_actions": DEFAULTS.person_actions}


async def hold(stage: Stage) -> None:
    """Let nothing be answered for now."""
    stage.sandbox.state.account.set_balance(0)
    await stage.hear(said("the account is empty", by=replace(ANA, identity=Identity("fake", "W1", "first"))))


async def test_sixty_messages_leave_a_part_of_the_line_and_one_sentence(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={**ONE_PERSON, "waiting_turns": 20}) as stage:
        await hold(stage)
        asked, told = await stage.rows(QUESTIONS), await stage.rows(SENTENCES)

        await flood(stage, 60)
        await stage.rest()

        assert (await stage.rows(QUESTIONS))[0] - asked[0] == 10
        assert (await stage.rows(SENTENCES))[0] - told[0] == 1
        assert stage.core.intake.passed.totals["fake", PassedOver.OVER_BOUND] == 49
        await stage.core.intake.receive(said("is there room for me?", by=BEN, at=BENS))
        assert (await stage.rows(QUESTIONS))[0] - asked[0] == 11


async def test_others_are_answered_while_one_person_floods(migrated_url: str) -> None:
    """At most the person's part of the line is asked before them, however much was written."""
    part = 10
    async with staged(migrated_url, limits={**ONE_PERSON, "person_waiting": part}) as stage:
        for number in range(15):
            await flood(stage, 4, at=replace(CHANNEL, thread=f"t{number}"))
        before = stage.times_asked

        for name in ("ben", "cleo", "dan"):
            author = Author(Identity("fake", "W1", name), name)
            here = replace(BENS, channel=f"D-{name}")
            await stage.core.intake.receive(said(f"I am {name}", by=author, at=here))
        await stage.rest()

        for name in ("ben", "cleo", "dan"):
            assert f"I am {name}" in stage.platform.visible(f"D-{name}")[-1]
        assert stage.times_asked - before <= part + 3


async def test_a_persons_part_of_the_line_is_one_for_two_processes(
    postgres_url: str, clock: WallClock
) -> None:
    async with (
        serve(plan="max") as sandbox,
        staged(postgres_url, sandbox=sandbox, now=clock, limits=ONE_PERSON) as one,
        staged(postgres_url, sandbox=sandbox, now=clock, limits=ONE_PERSON) as two,
    ):
        await hold(one)
        for number in range(60):
            place = replace(CHANNEL, thread=f"t{number}")
            await (one, two)[number % 2].core.intake.receive(said(at=place))

        assert await one.rows(QUESTIONS) == [21]  # the first is another person's
        assert await one.rows(SENTENCES) == [1]


async def test_a_refusal_is_said_once_an_hour_for_each_kind_person_and_channel(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={"person_hourly": 1, "message_chars": 20}) as stage:
        await stage.hear(said("hello", at=CHANNEL))
        for number in range(40):
            await stage.hear(said("again", at=replace(CHANNEL, thread=f"t{number}")))
        await stage.hear(said("much too long to be read", at=CHANNEL))
        assert await stage.rows(SENTENCES) == [2]

        clock.advance(minutes=59)
        await stage.hear(said("again", at=CHANNEL), said("again"))
        assert await stage.rows(SENTENCES) == [3]

        clock.advance(minutes=2)
        await stage.hear(said("much too long to be read", at=CHANNEL))
        assert await stage.rows(SENTENCES) == [4]


async def test_who_waits_for_an_answer_that_their_platform_shows_is_always_told(
    migrated_url: str, clock: WallClock
) -> None:
    async with staged(migrated_url, now=clock, limits={"message_chars": 2}) as stage:
        for _ in range(3):
            await stage.hear(said("too long", awaited=True))

        assert len(stage.platform.visible(DIRECT.channel)) == 3


def command(kind: Command = Command.HELP) -> Commanded:
    key = f"command-{next(_numbers)}"
    return Commanded((key,), ANA, DIRECT, kind, f"aside/{key}", awaited=True)


def press(kind: Action = Action.GOOD) -> Pressed:
    key = f"press-{next(_numbers)}"
    return Pressed((key,), ANA, DIRECT, kind, "0" * 32, f"aside/{key}")


def edit() -> Edited:
    key = f"edit-{next(_numbers)}"
    return Edited((key,), ANA, DIRECT, "no-such-message", key)


@pytest.mark.parametrize("way", [command, press, edit], ids=["command", "press", "edit"])
async def test_commands_presses_and_edits_of_one_person_have_a_bound(
    migrated_url: str, clock: WallClock, way: Callable[[], Event]
) -> None:
    async with staged(migrated_url, now=clock, limits={"person_actions": 3}) as stage:
        await stage.hear(*(way() for _ in range(50)))
        await stage.hear(replace(command(), author=BEN))

        assert (await stage.rows(SENTENCES))[0] <= 4
        assert len(await stage.rows("SELECT key FROM events")) == 4
        assert stage.core.intake.passed.totals["fake", PassedOver.OVER_BOUND] == 47


async def test_a_stop_is_heard_however_often_something_was_said(migrated_url: str, clock: WallClock) -> None:
    async with staged(migrated_url, now=clock, limits={"person_actions": 1}) as stage:
        await hold(stage)
        await stage.hear(said("hello"), command(), command())

        await stage.hear(command(Command.STOP))

        assert stage.platform.visible(DIRECT.channel)[-1] == Phrase.STOPPED
        assert Phrase.STOP_DONE not in stage.platform.visible("aside")


@pytest.mark.parametrize(("a_minute", "signs"), [(3, 3), (0, 0)])
async def test_what_is_refused_without_a_word_gets_a_sign_but_no_flood_of_signs(
    migrated_url: str, clock: WallClock, a_minute: int, signs: int
) -> None:
    limits = {"message_chars": 11, "person_signs": a_minute}
    async with staged(migrated_url, now=clock, limits=limits) as stage:
        telling = asyncio.create_task(stage.core.intake.tell())
        await flood(stage, 1, by=BEN)  # it is taken
        for number in range(11):
            await stage.core.intake.receive(replace(said(f"question, {number:02}"), address=f"D/{number}"))
        await stage.core.intake.receive(replace(said("question, ben's", by=BEN), address="D/ben"))
        await stage.core.intake.receive(replace(said("question, ben's again", by=BEN), address="D/ben2"))

        by_ben = ["D/ben2"] * bool(signs)
        await until("the signs", lambda: len(stage.platform.declined) == signs + len(by_ben))
        telling.cancel()
        await ended(telling)

    assert stage.platform.declined == [f"D/{number}" for number in range(1, 1 + signs)] + by_ben
    assert stage.platform.signs == []


async def test_whom_a_list_keeps_out_gets_one_sentence_and_then_a_sign(
    migrated_url: str, clock: WallClock
) -> None:
    access = {"block_users": [f"fake:{ANA.identity.user}"]}
    async with staged(migrated_url, now=clock, access=access) as stage:
        telling = asyncio.create_task(stage.core.intake.tell())
        await stage.hear(said("hello"), said("hello?"))
        await until("the sign", lambda: stage.platform.declined)
        telling.cancel()
        await ended(telling)

    assert stage.platform.visible(DIRECT.channel) == [Phrase.NOT_FOR_YOU]
    assert len(stage.platform.declined) == 1


async def test_a_platform_that_fails_at_a_sign_ends_nothing(migrated_url: str, clock: WallClock) -> None:
    with capture_logs() as log:
        async with staged(migrated_url, now=clock, limits={"message_chars": 1}) as stage:
            stage.platform.sign_fails = True
            telling = asyncio.create_task(stage.core.intake.tell())
            await stage.hear(said("one"), said("two"))
            await until("the first sign", lambda: stage.platform.declined)
            await stage.hear(said("three"))
            await until("the second sign", lambda: len(stage.platform.declined) == 2)
            telling.cancel()
            await ended(telling)

    assert [entry["event"] for entry in log].count("refusal_sign.failed") == 2


def test_a_person_who_was_still_for_a_minute_is_heard_again() -> None:
    time_s = [0.0]
    actions = Actions(2, lambda: time_s[0])
    heard = Counter(actions.are_over(command()) for _ in range(5))

    time_s[0] = 60.0

    assert heard == {False: 2, True: 3}
    assert not actions.are_over(command())
