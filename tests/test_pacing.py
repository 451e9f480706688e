"""How often platforms are called, whatever answers do: never above a limit, and an end never waits for long."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.discord.transport.pacing import WritePace, channel_rates, webhook_rates
from bots.discord.transport.timing import Timing
from bots.slack.transport.rate_limits import POSTS_IN_CHANNEL, RATES, RateLimits
from core.delivery.editing_surface import EditingSurface
from core.delivery.pacing import LONGEST_HOLD_S, Pace, SharedRate
from core.domain import Button, Delivery, Footer, Status
from tests.fakes import FakeChannel, FakeClock, FakeLedger


@dataclass
class Platform:
    """A platform that is called by several answers in one place, and how they take their turns there."""

    clock: FakeClock
    pace_of: Callable[[], Pace]
    turn: Callable[[str, Pace], Coroutine[Any, Any, Callable[[], None]]]
    made: list[tuple[str, float]] = field(default_factory=list)
    """Each create and edit, and when it reached the platform."""

    def times(self, *names: str) -> list[float]:
        return [at for name, at in self.made if name in names]


class Place(FakeChannel):
    """One answer's place there."""

    platform: Platform
    pace: Pace

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        return await self._in_turn("post", lambda: super(Place, self).post(text, delivery, buttons))

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        await self._in_turn("edit", lambda: super(Place, self).edit(message_id, text, buttons))

    async def _in_turn(self, name: str, call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        done = await self.platform.turn(name, self.pace)
        try:
            self.platform.made.append((name, self.clock.now()))
            await self.clock.sleep(0.05)
            return await call()
        finally:
            done()


def discord(clock: FakeClock) -> Platform:
    """One of Discord's channels."""
    timing = Timing(now=clock.now, sleep=clock.sleep)
    writes = WritePace(timing, channel_rates(timing))

    async def turn(_: str, pace: Pace) -> Callable[[], None]:
        await writes.enter(growing=not pace.hurried)
        return writes.leave

    return Platform(clock, lambda: paced(clock, timing.edit_interval_s, writes.growing), turn)


def slack(clock: FakeClock) -> Platform:
    """One of Slack's channels, in a workspace of its own."""
    limits = RateLimits(now=clock.now, sleep=clock.sleep)

    async def turn(name: str, pace: Pace) -> Callable[[], None]:
        method = "chat.postMessage" if name == "post" else "chat.update"
        await limits.acquire(method, "C1", urgent=pace.hurried, patient=pace.hurried)
        return lambda: None

    return Platform(clock, lambda: paced(clock, 3.0, limits.editing, limits.may_begin), turn)


def paced(
    clock: FakeClock, interval_s: float, rate: SharedRate, may_begin: Callable[[], bool] = lambda: True
) -> Pace:
    return Pace(lambda: interval_s, rate=rate, may_begin=may_begin, now=clock.now, sleep=clock.sleep)


@dataclass(frozen=True)
class Answer:
    """When it begins, whether a status comes first, and the pauses before each of its pieces."""

    begins_s: float
    noted: bool
    pauses_s: tuple[float, ...]


async def shown(platform: Platform, answers: Sequence[Answer]) -> list[float]:
    """Show them all; how long each one's end took."""
    took: list[float] = []

    async def show(answer: Answer, number: int) -> None:
        await platform.clock.sleep(answer.begins_s)
        place = Place(platform.clock)
        place.platform, place.pace = platform, platform.pace_of()
        surface = EditingSurface(
            place, FakeLedger(), place.pace, now=platform.clock.now, sleep=platform.clock.sleep
        )
        async with surface:
            if answer.noted:
                await surface.note(Status("Thinking"))
            for piece, pause_s in enumerate(answer.pauses_s):
                await platform.clock.sleep(pause_s)
                await surface.write(f"{number}.{piece} ")
            began = platform.clock.now()
            await surface.finish(Footer("the end"))
            took.append(platform.clock.now() - began)
        said = "".join(f"{number}.{piece} " for piece in range(len(answer.pauses_s))).strip()
        assert place.visible == [f"{said}\n\n_the end_"]

    async def all_of_them() -> None:
        await asyncio.gather(*(show(answer, number) for number, answer in enumerate(answers)))

    await platform.clock.run(all_of_them())
    return took


def most_within(times: Sequence[float], window_s: float) -> int:
    return max((sum(at <= other < at + window_s for other in times) for at in times), default=0)


ANSWERS = st.lists(
    st.builds(
        Answer,
        st.floats(0, 6),
        st.booleans(),
        st.lists(st.sampled_from([0.0, 0.05, 0.3, 1.0, 4.0]), min_size=1, max_size=12).map(tuple),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=30, deadline=None)
@given(ANSWERS)
def test_no_five_seconds_in_a_channel_of_discord_have_more_writes_than_it_takes(
    answers: list[Answer],
) -> None:
    platform = discord(FakeClock())

    took = asyncio.run(shown(platform, answers))

    assert most_within(platform.times("post", "edit"), 5.0) <= 4
    # four ends in each window: nobody's growing text goes before them
    assert max(took) <= 5.4 * math.ceil((len(answers) + 1) / 4)


@settings(max_examples=30, deadline=None)
@given(ANSWERS)
def test_no_minute_in_slack_has_more_calls_than_it_takes(answers: list[Answer]) -> None:
    platform = slack(FakeClock())

    took = asyncio.run(shown(platform, answers))

    assert most_within(platform.times("post"), 4.999) <= POSTS_IN_CHANNEL.calls
    assert most_within(platform.times("edit"), 59.999) <= RATES["chat.update"].calls
    assert max(took) <= 5.4 * math.ceil((len(answers) + 1) / 4)


@pytest.mark.parametrize("platform_of", [discord, slack])
async def test_an_end_goes_at_once_while_others_grow(
    platform_of: Callable[[FakeClock], Platform],
) -> None:
    """Some of what the platform takes is left for it."""
    clock = FakeClock()
    platform = platform_of(clock)
    others = [Answer(0.0, noted=False, pauses_s=(0.2,) * 80) for _ in range(6)]
    quick = Answer(1.2, noted=False, pauses_s=(0.1, 0.1))

    took = await shown(platform, [*others, quick])

    assert took[0] < 0.2


async def test_what_grows_waits_for_nobody_and_shows_the_newest_when_it_is_shown() -> None:
    """Under pressure several pieces come into one call, instead of each into one of its own."""
    clock = FakeClock()
    platform = discord(clock)
    answers = [Answer(0.0, noted=False, pauses_s=(0.25,) * 40) for _ in range(8)]

    took = await shown(platform, answers)

    assert most_within(platform.times("post", "edit"), 5.0) <= 4
    assert len(platform.made) <= 20  # of 320 pieces
    assert max(took) <= 11


async def test_a_webhook_is_not_called_oftener_than_it_takes() -> None:
    clock = FakeClock()
    timing = Timing(now=clock.now, sleep=clock.sleep)
    pace, at = WritePace(timing, webhook_rates(timing)), []

    async def write() -> None:
        await pace.enter()
        at.append(clock.now())
        pace.leave()

    async def all_of_them() -> None:
        await asyncio.gather(*(write() for _ in range(40)))

    await clock.run(all_of_them())

    assert most_within(at, 2.0) <= 4
    assert most_within(at, 60.0) <= 28


async def test_where_a_message_could_not_be_finished_none_is_begun_for_a_while() -> None:
    """An answer that is whole meanwhile takes one call."""
    clock = FakeClock()
    rate = SharedRate(38)
    pace = paced(clock, 3.0, rate, may_begin=lambda: clock.now() >= 1004)
    pace.spoke()
    waiting = asyncio.create_task(pace.wait())

    await clock.advance(3.9)
    assert not waiting.done()
    await clock.advance(2)
    assert waiting.done()

    never = paced(clock, 3.0, rate, may_begin=lambda: False)
    never.spoke()
    began = clock.now()
    await clock.run(never.wait())
    assert clock.now() - began == pytest.approx(LONGEST_HOLD_S)


async def test_a_rest_that_is_hardly_one_is_one() -> None:
    clock = FakeClock()
    pace = paced(clock, 0.0, SharedRate(38))
    began = clock.now()

    pace.rest(1e-6)
    await clock.run(pace.wait())

    assert clock.now() - began >= 0.09


async def test_answers_share_a_rate_from_their_first_call_to_their_last() -> None:
    clock = FakeClock()
    rate = SharedRate(30)
    first, second = (paced(clock, 1.0, rate) for _ in range(2))
    first.called()
    assert rate.interval_s == 0

    second.called()
    assert rate.interval_s == 4
    began = clock.now()
    await clock.run(first.wait())
    assert clock.now() - began == pytest.approx(4, abs=0.5)

    second.end()
    second.end()
    assert rate.size == 1
