"""Buttons below a waiting question: its author keeps or drops it, nobody else does; on both databases."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.domain import Action, Author, Button, Place, Pressed, Receipt
from sandbox.server import Sandbox, serve
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import FakePlatform, Stage, staged

HERE = DIRECT.channel
DROPPED = "All right, I won't answer that one."
KEPT = "All right, I'll answer as soon as I can."
TRYING = "I'm trying to answer that one right now. If it doesn't work out, I'll let it be."
WHISPERS = "whispers"

_numbers = itertools.count(1)


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
async def sandbox(clock: WallClock) -> AsyncIterator[Sandbox]:
    async with serve(plan="max") as server:
        yield server


@pytest.fixture
async def stage(migrated_url: str, clock: WallClock, sandbox: Sandbox) -> AsyncIterator[Stage]:
    async with staged(migrated_url, sandbox=sandbox, now=clock) as opened:
        sandbox.state.account.set_balance(0)
        yield opened


def pressed(button: Button, *, by: Author = ANA, at: Place = DIRECT, key: str = "") -> Pressed:
    """A press; each one new unless it is given a key."""
    name = key or f"press-{next(_numbers)}"
    return Pressed((name,), by, at, button.action, button.turn, address=f"{WHISPERS}/{name}")


def button(platform: FakePlatform, action: Action, place: str = HERE) -> Button:
    return next(each for each in platform.place(place).buttons if each.action is action)


async def top_up(stage: Stage, clock: WallClock) -> None:
    stage.sandbox.state.account.set_balance(5)
    for _ in range(2):
        clock.advance(seconds=20)
        await stage.heal()


async def test_who_is_told_that_the_answer_waits_can_keep_or_drop_it(stage: Stage) -> None:
    await stage.hear(said("hello"))

    keep, drop = stage.platform.place(HERE).buttons
    assert (keep.action, keep.label) == (Action.KEEP, "Keep waiting")
    assert (drop.action, drop.label) == (Action.DROP, "Don't answer")
    assert [keep.turn, drop.turn] == await stage.rows("SELECT key FROM turns") * 2


async def test_the_buttons_are_written_in_the_authors_language(stage: Stage) -> None:
    await stage.hear(said("oi", by=replace(ANA, locale="pt-BR")))

    labels = [each.label for each in stage.platform.place(HERE).buttons]
    assert labels == ["Continuar esperando", "Não responder"]


async def test_a_dropped_question_says_so_in_place_and_is_not_answered_after_the_top_up(
    stage: Stage, clock: WallClock
) -> None:
    await stage.hear(said("hello"))
    calls = len(stage.asked)

    await stage.hear(pressed(button(stage.platform, Action.DROP)))
    await top_up(stage, clock)

    assert stage.platform.visible(HERE) == [DROPPED]
    assert stage.platform.place(HERE).buttons == []
    assert await stage.states() == ["cancelled", "answered"]
    assert await stage.rows("SELECT count(*) FROM turns WHERE ended_at IS NULL") == [0]
    assert len(stage.asked) == calls


async def test_what_was_dropped_is_not_told_to_the_model_later(stage: Stage, clock: WallClock) -> None:
    await stage.hear(said("my diary"))
    await stage.hear(pressed(button(stage.platform, Action.DROP)))
    await top_up(stage, clock)

    await stage.hear(said("something else"))

    assert [message["content"] for message in stage.asked[-1]["messages"]] == ["something else"]


async def test_a_question_whose_trial_call_failed_can_still_be_dropped(
    stage: Stage, clock: WallClock
) -> None:
    await stage.hear(said("hello"))
    clock.advance(seconds=60)
    await stage.heal()
    assert len(stage.asked) == 2

    await stage.hear(pressed(button(stage.platform, Action.DROP)))
    await top_up(stage, clock)

    assert stage.platform.visible(HERE) == [DROPPED]
    assert stage.platform.place(HERE).buttons == []


async def test_a_question_that_goes_into_the_line_again_can_be_dropped(
    stage: Stage, clock: WallClock
) -> None:
    await stage.hear(said("hello"))
    drop = button(stage.platform, Action.DROP)
    await stage.change("UPDATE turns SET state = 'queued', due_at = '2100-01-01 00:00:00'")

    await stage.hear(pressed(drop))

    assert stage.platform.visible(HERE) == [DROPPED]
    assert await stage.states() == ["cancelled", "answered"]


async def test_a_kept_question_is_answered_and_so_is_a_newer_one(stage: Stage, clock: WallClock) -> None:
    await stage.hear(said("old question"))
    await stage.hear(pressed(button(stage.platform, Action.KEEP)))
    assert stage.platform.visible(WHISPERS) == [KEPT]

    await stage.hear(said("new question"))
    await top_up(stage, clock)

    _, old, new = stage.platform.visible(HERE)
    assert "old question" in old
    assert "new question" in new
    assert set(await stage.states()) == {"answered"}


async def test_a_kept_question_can_still_be_dropped(stage: Stage, clock: WallClock) -> None:
    await stage.hear(said("hello"))
    await stage.hear(pressed(button(stage.platform, Action.KEEP)))

    await stage.hear(pressed(button(stage.platform, Action.DROP)))
    await top_up(stage, clock)

    assert stage.platform.visible(HERE) == [DROPPED]


@pytest.mark.parametrize("action", [Action.KEEP, Action.DROP])
async def test_somebody_else_learns_that_it_is_not_theirs_to_decide(
    migrated_url: str, sandbox: Sandbox, clock: WallClock, action: Action
) -> None:
    async with staged(migrated_url, sandbox=sandbox, now=clock, conversation={"scope": "thread"}) as stage:
        sandbox.state.account.set_balance(0)
        await stage.hear(said("hello", at=CHANNEL))
        waiting = button(stage.platform, action, CHANNEL.channel)

        await stage.hear(pressed(waiting, by=BEN, at=CHANNEL))
        await stage.hear(said("newer", by=BEN, at=CHANNEL))
        await top_up(stage, clock)

        assert stage.platform.visible(WHISPERS) == ["Only the person who asked can decide that."]
        assert "hello" in "".join(stage.platform.visible(CHANNEL.channel)[1:])
        assert set(await stage.states()) == {"answered"}


async def test_the_same_name_on_another_server_is_somebody_else(stage: Stage) -> None:
    await stage.hear(said("hello"))
    namesake = replace(ANA, identity=replace(ANA.identity, workspace="W2"))

    await stage.hear(pressed(button(stage.platform, Action.DROP), by=namesake))

    assert (await stage.states())[0] == "parked"


@pytest.mark.parametrize("action", [Action.KEEP, Action.DROP])
async def test_a_press_that_is_delivered_twice_counts_once(stage: Stage, action: Action) -> None:
    await stage.hear(said("hello"))
    press = pressed(button(stage.platform, action), key="the same")

    receipts = await stage.hear(press, press)

    assert receipts == [Receipt.ACCEPTED, Receipt.DUPLICATE]
    assert len(await stage.states()) == 2


@pytest.mark.parametrize("action", [Action.KEEP, Action.DROP])
async def test_a_second_press_of_the_same_button_says_nothing_twice(stage: Stage, action: Action) -> None:
    await stage.hear(said("hello"))
    chosen = button(stage.platform, action)

    await stage.hear(pressed(chosen))
    await stage.hear(pressed(chosen))

    said_now = [*stage.platform.visible(HERE), *stage.platform.visible(WHISPERS)]
    assert sum(text in (DROPPED, KEPT) for text in said_now) == 1
    assert len(await stage.states()) == 2


@pytest.mark.parametrize("action", [Action.KEEP, Action.DROP])
async def test_a_press_after_the_answer_learns_that_nothing_waits(
    stage: Stage, clock: WallClock, action: Action
) -> None:
    await stage.hear(said("hello"))
    chosen = button(stage.platform, action)
    await top_up(stage, clock)

    await stage.hear(pressed(chosen))

    (told,) = stage.platform.visible(WHISPERS)
    assert "isn't waiting any more" in told
    assert "hello" in stage.platform.visible(HERE)[-1]


@pytest.mark.parametrize("healed", [True, False])
async def test_a_question_that_is_dropped_while_it_is_tried_gets_that_try_and_no_other(
    stage: Stage, clock: WallClock, healed: bool
) -> None:
    await stage.hear(said("hello"))
    drop = button(stage.platform, Action.DROP)
    await stage.change("UPDATE turns SET state = 'running'")
    await stage.hear(pressed(drop))
    await stage.hear(pressed(drop))
    if healed:
        stage.sandbox.state.account.set_balance(5)
        await stage.change("DELETE FROM breakers")
    await stage.change("UPDATE turns SET state = 'queued', due_at = created_at WHERE state = 'running'")

    await stage.heal()
    await top_up(stage, clock)

    assert stage.platform.visible(WHISPERS) == [TRYING]
    assert (await stage.states())[0] == ("answered" if healed else "cancelled")
    assert ("hello" in stage.platform.visible(HERE)[-1]) is healed
    assert await stage.rows("SELECT count(*) FROM turns WHERE ended_at IS NULL") == [0]


async def test_a_question_that_was_given_up_waits_no_more(stage: Stage, clock: WallClock) -> None:
    await stage.hear(said("hello"))
    drop = button(stage.platform, Action.DROP)
    clock.advance(hours=25)
    await stage.heal()

    await stage.hear(pressed(drop))

    assert "waited too long" in stage.platform.visible(HERE)[-1]
    assert "isn't waiting any more" in stage.platform.visible(WHISPERS)[0]


async def test_a_button_of_a_question_that_nobody_knows_is_answered_too(stage: Stage) -> None:
    await stage.hear(pressed(Button(Action.DROP, "0" * 32, "Don't answer")))

    (told,) = stage.platform.visible(WHISPERS)
    assert "isn't waiting any more" in told


async def test_a_drop_across_restarts_holds_also_where_the_new_process_tries_at_once(
    migrated_url: str, sandbox: Sandbox, clock: WallClock
) -> None:
    platform = FakePlatform()
    sandbox.state.account.set_balance(0)
    async with staged(migrated_url, sandbox=sandbox, now=clock, platform=platform) as stage:
        await stage.hear(said("hello"))
    async with staged(migrated_url, sandbox=sandbox, now=clock, platform=platform) as stage:
        await stage.hear(pressed(button(platform, Action.DROP)))
    async with staged(migrated_url, sandbox=sandbox, now=clock, platform=platform) as stage:
        await top_up(stage, clock)

        assert (await stage.states())[0] == "cancelled"
        assert not any("hello" in shown for shown in platform.visible(HERE))
