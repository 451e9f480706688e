"""`[conversation] gather_s`: what somebody writes in a burst is answered as one question."""

from __future__ import annotations

from typing import Any

from core.domain import Command, Commanded
from tests.samples import ANA, BEN, CHANNEL, DIRECT, WallClock, said
from tests.stage import Stage, staged
from tests.waiting import until

LONG: dict[str, Any] = {"conversation": {"gather_s": 10}}


async def write(stage: Stage, clock: WallClock, *texts: str, every_s: float = 1) -> None:
    for text in texts:
        await stage.core.intake.receive(said(text))
        clock.advance(seconds=every_s)


async def go_on(stage: Stage, clock: WallClock, seconds: float) -> None:
    clock.advance(seconds=seconds)
    await stage.core.pool.sweep()
    await stage.rest()


def user_texts(stage: Stage, number: int = -1) -> str:
    return str([each["content"] for each in stage.asked[number]["messages"] if each["role"] == "user"])


async def test_a_burst_is_one_question(migrated_url: str) -> None:
    clock = WallClock()
    async with staged(migrated_url, now=clock, **LONG) as stage:
        await write(stage, clock, "first", "second", "third")
        await go_on(stage, clock, 5)
        early = stage.times_asked
        await go_on(stage, clock, 6)

        assert early == 0
        assert stage.times_asked == 1
        assert all(each in user_texts(stage) for each in ("first", "second", "third"))
        assert len(stage.platform.visible(DIRECT.channel)) == 1


async def test_what_comes_later_is_a_question_of_its_own(migrated_url: str) -> None:
    clock = WallClock()
    async with staged(migrated_url, now=clock, **LONG) as stage:
        await write(stage, clock, "first")
        await go_on(stage, clock, 11)
        await write(stage, clock, "second")
        await go_on(stage, clock, 11)

        assert stage.times_asked == 2


async def test_who_never_stops_is_answered_all_the_same(migrated_url: str) -> None:
    clock = WallClock()
    async with staged(migrated_url, now=clock, **LONG) as stage:
        await write(stage, clock, *(f"part {number}" for number in range(7)), every_s=8)
        await go_on(stage, clock, 0)

        assert stage.times_asked >= 1
        assert "part 5" in user_texts(stage, 0)


async def test_others_and_commands_are_not_gathered(migrated_url: str) -> None:
    clock = WallClock()
    async with staged(migrated_url, now=clock, **LONG) as stage:
        await stage.core.intake.receive(said("of Ana", at=CHANNEL))
        await stage.core.intake.receive(said("of Ben", by=BEN, at=CHANNEL))
        help_ = Commanded(("help",), ANA, DIRECT, Command.HELP, f"{DIRECT.channel}/help")
        await stage.hear(help_)
        helped = len(stage.platform.visible(DIRECT.channel))
        await go_on(stage, clock, 11)

        assert helped == 1
        assert stage.times_asked == 2


async def test_it_is_answered_when_the_time_is_over_without_another_event(migrated_url: str) -> None:
    async with staged(migrated_url, conversation={"gather_s": 2.0}) as stage:
        await stage.hear(said("first"), said("second"))
        await until("the answer", lambda: stage.platform.visible(DIRECT.channel))

        assert stage.times_asked == 1


async def test_it_is_off_unless_it_is_set(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("first"), said("second"))

        assert stage.times_asked == 2
