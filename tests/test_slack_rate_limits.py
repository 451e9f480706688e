"""How often Slack is called: never oftener than it allows, whoever wants to, and nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bots.slack.delivery.streaming.streams import Streams
from bots.slack.events.address import Address
from bots.slack.frontend import SlackFrontend, open_slack
from bots.slack.settings import SlackSettings
from bots.slack.transport.api import OneAccount, SlackApi
from bots.slack.transport.app_api import open_api
from bots.slack.transport.rate_limits import RATES, RateLimits
from core.domain import Footer, PlatformBusy, Status
from tests.fakes import FakeClock, FakeLedger
from tests.platforms.slack import Call, Channel, Clock, FakeSlack, Shown

SLACK_ALLOWS = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "chat.update": 50,
    "chat.delete": 50,
    "conversations.replies": 50,
    "chat.postMessage": 300,
}
"""Calls a minute, per workspace: the tiers of docs.slack.dev, "Rate limits"."""


def most_in_a_minute(times: Sequence[float], window_s: float) -> int:
    return max((sum(at <= other < at + window_s for other in times) for at in times), default=0)


# one call after another


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["chat.stopStream", "chat.update", "chat.appendStream", "chat.postMessage"]),
    st.lists(st.tuples(st.floats(0.0, 9.0), st.integers(1, 12), st.booleans()), max_size=25),
)
def test_no_minute_has_more_calls_than_slack_allows(
    method: str, waves: list[tuple[float, int, bool]]
) -> None:
    async def all_calls() -> list[float]:
        clock, made, put_off = FakeClock(), [], []
        rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)

        async def call(urgent: bool) -> None:
            try:
                await rate_limits.acquire(method, "C1", urgent=urgent)
            except PlatformBusy as busy:
                put_off.append(busy.retry_after_s or 0.0)
            else:
                made.append(clock.now())

        async def play() -> None:
            async with asyncio.TaskGroup() as group:
                for pause_s, count, urgent in waves:
                    await clock.sleep(pause_s)
                    for _ in range(count):
                        group.create_task(call(urgent))

        await clock.run(play())
        assert all(wait_s > 60 for wait_s in put_off)
        return made

    made = asyncio.run(all_calls())

    assert most_in_a_minute(made, 59.999) <= RATES[method].calls < SLACK_ALLOWS[method]
    if method == "chat.postMessage":
        assert most_in_a_minute(made, 4.999) < 5


async def test_whoever_comes_first_is_first() -> None:
    clock, order = FakeClock(), []
    rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)

    async def call(number: int) -> None:
        await rate_limits.acquire("chat.postMessage", "C1")
        order.append(number)

    async def all_at_once() -> None:
        await asyncio.gather(*(call(number) for number in range(12)))

    await clock.run(all_at_once())

    assert order == list(range(12))


async def test_a_call_that_ends_an_answer_finds_room_where_others_wait() -> None:
    clock = FakeClock()
    rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)
    for _ in range(RATES["chat.update"].calls - RATES["chat.update"].kept):
        await rate_limits.acquire("chat.update", "C1")
    waiting = asyncio.create_task(rate_limits.acquire("chat.update", "C1"))
    await clock.settle()

    await rate_limits.acquire("chat.update", "C1", urgent=True)

    assert not waiting.done()
    await clock.advance(60)
    assert waiting.done()


async def test_a_call_that_is_given_up_leaves_its_place_to_the_next() -> None:
    clock = FakeClock()
    rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)
    for _ in range(4):
        await rate_limits.acquire("chat.postMessage", "C1", urgent=True)
    given_up = asyncio.create_task(rate_limits.acquire("chat.postMessage", "C1", urgent=True))
    await clock.settle()
    given_up.cancel()
    await clock.settle()
    next_one = asyncio.create_task(rate_limits.acquire("chat.postMessage", "C1", urgent=True))

    await clock.advance(5)

    assert next_one.done()


async def test_what_slack_holds_back_waits_and_nothing_else_does() -> None:
    clock = FakeClock()
    rate_limits, elsewhere = (RateLimits(now=clock.now, sleep=clock.sleep) for _ in range(2))
    rate_limits.hold("chat.update", 30)
    held = asyncio.create_task(rate_limits.acquire("chat.update", "C1", urgent=True))

    await rate_limits.acquire("chat.appendStream", "C1")
    await elsewhere.acquire("chat.update", "C1")
    await clock.advance(29)
    assert not held.done()
    await clock.advance(2)

    assert held.done()


async def test_what_would_wait_for_too_long_is_told_so_at_once() -> None:
    clock = FakeClock()
    rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)
    rate_limits.hold("chat.startStream", 30)
    rate_limits.hold("users.info", 5)

    for method, wait_s in (("chat.startStream", 30), ("users.info", 5)):
        with pytest.raises(PlatformBusy) as busy:
            await rate_limits.acquire(method)
        assert busy.value.retry_after_s == wait_s


async def test_no_more_streams_are_open_than_can_be_stopped_at_once() -> None:
    clock = FakeClock()
    rate_limits = RateLimits(now=clock.now, sleep=clock.sleep)
    streams = Streams(rate_limits, clock.now)
    most = RATES["chat.stopStream"].calls
    for number in range(most):
        assert streams.may_open()
        streams.opened(number)
    assert not streams.may_open()

    for number in range(most):
        await rate_limits.acquire("chat.stopStream")
        streams.ended(number)

    assert clock.now() == FakeClock().now()
    assert not streams.may_open()
    await clock.advance(60)
    assert streams.may_open()


async def test_a_stream_that_nobody_heard_of_again_is_over_when_slack_ends_it() -> None:
    clock = FakeClock()
    streams = Streams(RateLimits(now=clock.now, sleep=clock.sleep), clock.now)
    for number in range(RATES["chat.stopStream"].calls):
        streams.opened(number)

    await clock.advance(300)

    assert streams.may_open()


# many answers at once


@dataclass
class Town:
    """A workspace under Slack's real budgets, in a test's own time."""

    slack: FakeSlack
    bot: SlackFrontend
    clock: FakeClock

    async def asked(self, number: int, *, direct: bool) -> tuple[Channel, str, str]:
        """Somebody asks; where the answer is seen, and where it is to go."""
        person = self.slack.person(f"p{number}")
        place = self.slack.dm(person) if direct else self.slack.channel(f"c{number}", [person])
        ts = await self.slack.say(person, place, "hi")
        told = Address(
            channel=place.id,
            team=self.slack.workspace.id,
            thread=ts,
            question=ts,
            user=person.id,
            user_team=person.team_id,
            direct=direct,
        )
        return place, ts, str(told)

    async def answer(self, address: str, words: Sequence[str], every_s: float) -> None:
        async with self.bot.reply_to(address, FakeLedger()) as surface:
            await surface.note(Status("Thinking"))
            for word in words:
                await surface.write(word)
                await self.clock.sleep(every_s)
            await surface.finish(Footer("the end"))

    def answers(self, place: Channel, ts: str) -> list[Shown]:
        return [shown for shown in self.slack.visible(place, ts) if shown.is_bot]

    @property
    def refused(self) -> list[Call]:
        return [call for call in self.slack.calls if call.error]


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    clock = FakeClock()
    async with FakeSlack(clock=Clock(lambda: 1.7e9 + clock.now()), budgets=True) as slack:
        given = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
        async with open_slack(SlackSettings(**given), now=clock.now, sleep=clock.sleep) as bot:
            yield Town(slack, bot, clock)


def assert_within_budget(slack: FakeSlack) -> None:
    assert not [call for call in slack.calls if call.status == 429]
    for method, at_most in SLACK_ALLOWS.items():
        assert most_in_a_minute([call.at for call in slack.calls_of(method)], 60.0) <= at_most


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("seconds", [2, 90])
async def test_thirty_answers_at_once_all_arrive_within_the_budget(
    town: Town, direct: bool, seconds: int
) -> None:
    words = [f"word {number} & <!here>\n" for number in range(seconds)]
    asked = [await town.asked(number, direct=direct) for number in range(30)]
    began = town.clock.now()

    async def all_at_once() -> None:
        await asyncio.gather(*(town.answer(address, words, 1.0) for _, _, address in asked))

    await town.clock.run(all_at_once())

    for place, ts, _ in asked:
        answers = town.answers(place, ts)
        assert "".join(each.text for each in answers).startswith("".join(words).rstrip())
        assert not any(each.streaming or each.pings for each in answers)
    assert not town.refused
    assert_within_budget(town.slack)
    assert town.clock.now() - began < seconds + 65
    kinds = Counter(town.answers(place, ts)[0].stream for place, ts, _ in asked)
    assert kinds == ({"done": 19, None: 11} if direct else {None: 30})


@pytest.mark.parametrize(("direct", "seconds"), [(True, 0.2), (False, 6.0)])
async def test_two_hundred_and_forty_answers_arrive_in_a_minute(
    town: Town, direct: bool, seconds: float
) -> None:
    """Where those under way leave no edit for a further one's end, it is shown when it is whole."""
    asked = [await town.asked(number, direct=direct) for number in range(240)]
    took: list[float] = []

    async def answer(number: int) -> None:
        await town.clock.sleep(number * 0.25)
        began = town.clock.now()
        await town.answer(asked[number][2], ["one ", "two"], seconds / 2)
        took.append(town.clock.now() - began - seconds)

    async def all_of_them() -> None:
        await asyncio.gather(*(answer(number) for number in range(240)))

    await town.clock.run(all_of_them())

    assert all(
        [each.text.startswith("one two") for each in town.answers(*places)] == [True] for *places, _ in asked
    )
    assert not town.refused
    assert_within_budget(town.slack)
    assert max(took) < 2
    changed = sum(
        len(town.slack.calls_of(f"chat.{name}")) for name in ("update", "startStream", "stopStream")
    )
    assert (changed == 0) == (seconds < 1)


async def test_thirty_long_answers_at_once_arrive_whole_and_in_order(town: Town) -> None:
    lines = [f"line {number} " + "é" * 200 + "\n" for number in range(60)]
    asked = [await town.asked(number, direct=number % 3 > 0) for number in range(30)]

    async def all_at_once() -> None:
        await asyncio.gather(*(town.answer(address, lines, 1.0) for _, _, address in asked))

    await town.clock.run(all_at_once())

    for place, ts, _ in asked:
        answers = town.answers(place, ts)
        text = "\n".join(each.text for each in answers)
        assert [line for line in text.split("\n") if line.startswith("line")] == "".join(lines).splitlines()
        assert not any(each.streaming for each in answers)
    assert not town.refused
    assert_within_budget(town.slack)


async def test_thirty_answers_in_one_channel_keep_to_a_post_a_second(town: Town) -> None:
    person = town.slack.person("ann")
    general = town.slack.channel("general", [person])
    asked = []
    for number in range(30):
        ts = await town.slack.say(person, general, f"<@BOT> question {number}")
        asked.append((ts, str(Address(channel=general.id, thread=ts, question=ts, user=person.id))))

    async def all_at_once() -> None:
        await asyncio.gather(*(town.answer(address, ["one ", "two "], 5.0) for _, address in asked))

    await town.clock.run(all_at_once())

    for ts, _ in asked:
        assert [each.text.startswith("one two") for each in town.answers(general, ts)] == [True]
    assert not town.refused
    assert_within_budget(town.slack)


async def test_answers_under_way_get_equal_shares(town: Town) -> None:
    asked = [await town.asked(number, direct=True) for number in range(15)]
    words = [f"word {number}\n" for number in range(60)]

    async def all_at_once() -> None:
        await asyncio.gather(*(town.answer(address, words, 1.0) for _, _, address in asked))

    await town.clock.run(all_at_once())

    appends = Counter(call.args["channel"] for call in town.slack.calls_of("chat.appendStream"))
    assert len(appends) == 15
    assert max(appends.values()) - min(appends.values()) <= 1
    assert min(appends.values()) >= 3


async def test_an_answer_that_is_all_there_does_not_wait_for_its_share(town: Town) -> None:
    asked = [await town.asked(number, direct=False) for number in range(30)]
    slow = [f"word {number}\n" for number in range(90)]
    took: list[float] = []

    async def quick() -> None:
        began = town.clock.now()
        await town.answer(asked[0][2], ["one ", "two "], 2.0)
        took.append(town.clock.now() - began)

    async def all_at_once() -> None:
        others = (town.answer(address, slow, 1.0) for _, _, address in asked[1:])
        await asyncio.gather(quick(), *others)

    await town.clock.run(all_at_once())

    assert took[0] < 8


async def test_where_stops_are_scarce_the_text_comes_before_the_stop(town: Town) -> None:
    first, second = [await town.asked(number, direct=True) for number in range(2)]
    town.slack.rate_limit("chat.stopStream", 40)
    seen_at: list[float] = []

    async def later() -> None:
        await town.clock.sleep(4.0)
        await town.answer(second[2], ["one ", "two"], 2.0)

    async def watch() -> None:
        while not any("two" in each.text for each in town.answers(*second[:2])):  # no deadline: made-up time
            await town.clock.sleep(0.5)
        seen_at.append(town.clock.now() - began)

    async def all_at_once() -> None:
        await asyncio.gather(town.answer(first[2], ["one ", "two"], 1.0), later(), watch())

    began = town.clock.now()
    await town.clock.run(all_at_once())

    assert seen_at[0] < 12
    assert town.clock.now() - began >= 40
    for place, ts, _ in (first, second):
        assert [(each.text, each.footer, each.stream) for each in town.answers(place, ts)] == [
            ("one two", "the end", "done")
        ]


async def test_other_processes_that_use_the_budget_up_cost_time_and_nothing_else(town: Town) -> None:
    place, ts, address = await town.asked(0, direct=False)
    town.slack.rate_limit("chat.update", 40)
    town.slack.rate_limit("chat.postMessage", 3)

    await town.clock.run(town.answer(address, ["one ", "two ", "three ", "four ", "five"], 1.0))

    (answer,) = town.answers(place, ts)
    assert answer.text.startswith("one two three four five")
    for method in ("chat.update", "chat.postMessage"):
        first, *later = town.slack.calls_of(method)
        assert all(call.at >= first.at + (40 if method == "chat.update" else 3) for call in later)


async def test_a_workspace_that_slack_holds_back_leaves_the_others_free(town: Town) -> None:
    other = town.slack.add_workspace("T0000000002")
    person = town.slack.person("eve", workspace=other)
    town.slack.rate_limit("chat.postMessage", 30, workspace=town.slack.workspace)
    here, _, _ = await town.asked(0, direct=True)
    given = SlackSettings(bot_token=town.slack.bot_token, api_url=town.slack.api_url)
    async with open_api(given, now=town.clock.now, sleep=town.clock.sleep) as app:
        api = SlackApi(app, OneAccount(given.bot_token))
        there = SlackApi(app, OneAccount(SecretStr(other.bot_token)))
        with pytest.raises(PlatformBusy):
            await api.write("chat.postMessage", channel=here.id, text="a")
        waiting = asyncio.create_task(api.write("chat.postMessage", channel=here.id, text="b"))

        await there.write("chat.postMessage", channel=town.slack.dm(person).id, text="c")
        await api.write("chat.postEphemeral", channel=here.id, user=next(iter(here.members)), text="d")

        assert not waiting.done()
        await town.clock.run(_finished(waiting))
    assert [each.text for each in town.slack.visible(town.slack.dm(person))] == ["c"]
    assert [call.args["text"] for call in town.slack.calls_of("chat.postMessage")] == ["a", "c", "b"]


async def _finished(task: asyncio.Task[dict[str, Any]]) -> None:
    await task
