"""Answers on a platform whose messages stay as they were posted: each part is there once, wherever a process dies."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aivax_bots.testing.suite import LONG
from core.delivery.whole_surface import WholeSurface
from core.domain import Action as Press
from core.domain import Apology, Button, Footer, OutcomeUnknown, PlatformBusy, Status
from tests.fakes import FakeChannel, FakeClock, FakeLedger, Fault

KEEP = Button(Press.KEEP, "k1", "Keep waiting")


class Death(BaseException):
    """The process ends here."""


class Instants:
    """Dies at the one of a number, counted over ledger and platform."""

    def __init__(self, fatal: int) -> None:
        self.left = fatal

    async def __call__(self, _: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Death


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel(FakeClock())


def surface(channel: FakeChannel, ledger: FakeLedger) -> WholeSurface:
    return WholeSurface(channel, ledger, now=channel.clock.now, sleep=channel.clock.sleep)


async def answer(channel: FakeChannel, ledger: FakeLedger, text: str, footer: str = "") -> None:
    async with surface(channel, ledger) as shown:
        await shown.write(text)
        await shown.finish(Footer(footer))


async def test_nothing_is_posted_before_the_end_and_each_part_once(channel: FakeChannel) -> None:
    async with surface(channel, FakeLedger()) as shown:
        for start in range(0, len(LONG), 999):
            await shown.write(LONG[start : start + 999])
            await shown.note(Status("Searching"))
            await shown.offer([KEEP])
        before = channel.visible
        await shown.finish(Footer("12 tokens"))

    assert before == []
    assert " ".join(channel.visible).split() == [*LONG.split(), "_12", "tokens_"]
    assert [call.name for call in channel.calls if call.name in ("edit", "delete")] == []


async def test_where_a_process_dies_at_any_instant_the_next_posts_what_is_missing() -> None:
    died = 0
    for fatal in _from_one():
        channel, clock = FakeChannel(FakeClock()), FakeClock()
        instants = Instants(fatal)
        channel.hook, ledger = instants, FakeLedger(hook=instants)
        try:
            await answer(channel, ledger, LONG)
        except Death:
            died += 1
        else:
            break
        channel.hook = Instants(0)
        await clock.run(answer(channel, ledger.reopened(), LONG))

        assert " ".join(channel.visible).split() == LONG.split(), fatal
    assert died > 30


def _from_one() -> Iterator[int]:
    yield from range(1, 500)


@pytest.mark.parametrize("fault", [Fault.DONE_UNHEARD, Fault.BUSY])
async def test_what_broke_on_the_way_is_looked_up_or_tried_again(channel: FakeChannel, fault: Fault) -> None:
    channel.faults.append(("post", fault))
    await channel.clock.run(answer(channel, FakeLedger(), "The answer."))

    assert channel.visible == ["The answer."]


async def test_a_lost_message_is_posted_by_the_next_attempt(channel: FakeChannel) -> None:
    channel.faults.append(("post", Fault.LOST))
    ledger = FakeLedger()
    with pytest.raises(OutcomeUnknown):
        await answer(channel, ledger, "The answer.")
    await answer(channel, ledger.reopened(), "The answer.")

    assert channel.visible == ["The answer."]


async def test_a_platform_that_stays_busy_is_waited_for_and_then_told_of(channel: FakeChannel) -> None:
    channel.faults.extend(("post", Fault.BUSY) for _ in range(100))
    with pytest.raises(PlatformBusy):
        await channel.clock.run(answer(channel, FakeLedger(), "The answer."))

    assert channel.visible == []


async def test_an_apology_stands_below_what_was_said_and_the_answer_below_both(channel: FakeChannel) -> None:
    ledger = FakeLedger()
    async with surface(channel, ledger) as shown:
        await shown.write("The first half")
        await shown.fail(Apology("Sorry, not now.", buttons=(KEEP,)))
    again = ledger.reopened()
    await answer(channel, again, "The first half, and the second.")

    assert channel.visible == ["The first half", "Sorry, not now.", "The first half, and the second."]
    assert channel.buttons == [KEEP]


async def test_an_apology_that_was_cut_off_is_never_taken_for_the_answer() -> None:
    for fatal in range(1, 12):
        channel = FakeChannel(FakeClock())
        instants = Instants(fatal)
        channel.hook, ledger = instants, FakeLedger(hook=instants)
        try:
            async with surface(channel, ledger) as shown:
                await shown.fail(Apology("Sorry, not now."))
        except Death:
            pass
        channel.hook = Instants(0)
        await answer(channel, ledger.reopened(), "The answer.")

        assert channel.visible[-1] == "The answer.", fatal
        assert channel.visible.count("The answer.") == 1


async def test_a_text_generated_anew_stands_below_the_old_one(channel: FakeChannel) -> None:
    ledger = FakeLedger()
    await answer(channel, ledger, "The old one.")
    await answer(channel, ledger.reopened(new_generation=True), "The new one.")

    assert channel.visible == ["The old one.", "The new one."]


async def test_an_answer_without_text_posts_nothing_and_a_sign_of_work_is_taken_away(
    channel: FakeChannel,
) -> None:
    async with surface(channel, FakeLedger()) as shown:
        under_way = channel.sign
        await shown.finish(Footer("12 tokens"))

    assert under_way
    assert not channel.sign
    assert channel.visible == []
