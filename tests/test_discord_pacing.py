"""How fast Discord's channels are written to, all answers in one of them together."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.transport.pacing import WritePace, channel_rates
from bots.discord.transport.timing import Timing
from core.domain import Fenced, Footer
from tests.discord_answers import FIRST, NamedLedger, asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeClock
from tests.platforms.discord import Clock, FakeDiscord
from tests.platforms.discord.limits import Limits, Window
from tests.waiting import until


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


def paced(clock: FakeClock) -> WritePace:
    timing = Timing(now=clock.now, sleep=clock.sleep)
    return WritePace(timing, channel_rates(timing))


async def test_four_writes_go_at_once_and_the_fifth_waits_for_its_window() -> None:
    clock = FakeClock()
    pace = paced(clock)
    at: list[float] = []

    async def write() -> None:
        await pace.enter()
        at.append(clock.now() - 1000)
        pace.leave()

    await clock.run(_all(*(write() for _ in range(6))))

    assert at == pytest.approx([0, 0, 0, 0, 5.1, 5.1])


async def test_writes_go_one_by_one_in_the_order_of_asking_whoever_gives_up() -> None:
    clock = FakeClock()
    pace = paced(clock)
    order: list[int] = []

    async def write(number: int) -> None:
        await pace.enter()
        await clock.sleep(0.2)
        order.append(number)
        pace.leave()

    tasks = [asyncio.create_task(write(number)) for number in range(4)]
    await clock.settle()
    tasks[1].cancel()
    await clock.run(_all(tasks[0], *tasks[2:]))

    assert order == [0, 2, 3]
    assert clock.now() - 1000 == pytest.approx(0.6)


async def _all(*work: object) -> None:
    await asyncio.gather(*work)  # type: ignore[call-overload]


class Hurried(Clock):
    """Time that passes forty times as fast, for the bot and for Discord alike."""

    SPEED = 40

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now(self) -> float:
        return super().now() + (time.monotonic() - self._began) * (self.SPEED - 1)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.SPEED)


DISCORDS = Limits()
NARROWER = replace(DISCORDS, create=Window(3, 5.0), edit=Window(3, 5.0))


@pytest.mark.parametrize("limits", [DISCORDS, NARROWER])
async def test_ten_answers_at_once_in_one_channel_stay_below_discords_limits(limits: Limits) -> None:
    """Nobody told us of the narrower ones: Discord's headers do, before a call is refused."""
    clock = Hurried()
    timing = Timing(now=clock.now, sleep=clock.sleep)
    async with discord_at_hand(limits=limits, clock=clock) as fake, opened(fake, timing) as frontend:
        place = await asked(fake, frontend)
        texts = {number: " ".join(f"{number}-{word}" for word in range(420)) for number in range(10)}

        async def answer(number: int, text: str) -> None:
            question = await fake.say(place.question.author, place.channel, f"question {number}")
            address = place.address_of(question)
            async with frontend.reply_to(str(address), NamedLedger(f"turn-{number}")) as surface:
                for begin in range(0, len(text), 500):
                    await surface.write(text[begin : begin + 500])
                    await clock.sleep(1.0)
                await surface.finish(Footer("the end"))

        await asyncio.gather(*(answer(number, text) for number, text in texts.items()))

        shown = place.seen()
        for number, text in texts.items():
            mine = [part for part in shown if part.startswith(f"{number}-")]
            assert "\n".join(mine).replace("\n\n_the end_", "").split() == text.split()
        assert [call for call in fake.calls if call.status is None or call.status >= 400] == []
        assert fake.invalid_requests == 0
        # at the last call that Discord takes, discord.py would sleep inside it, and reorder what waits behind it
        for (name, _), most in fake.rest.meter.peak.items():
            if name in ("create", "edit"):
                assert most < limits.of(name).calls


async def test_a_write_that_had_to_wait_asks_again_whether_it_may(fake: FakeDiscord) -> None:
    async def taken_over() -> None:
        raise Fenced(1, 1)

    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        pace = frontend._session.pace(place.channel.id)
        await pace.enter()
        late = DiscordChannel(frontend._session, place.address, taken_over)
        writing = asyncio.create_task(late.post("too late", FIRST))
        await until("somebody to wait for their turn", lambda: pace._waiting)
        pace.leave()

        with pytest.raises(Fenced):
            await writing
        assert place.seen() == []
        await place.answer.post("in time", FIRST)
        assert place.seen() == ["in time"]
