"""Messages that a platform fails at while it takes others, and text that is shown again after a crash."""

from __future__ import annotations

import pytest

from core.delivery.editing_surface import EditingSurface
from core.domain import Footer, MessageRefused, OddAnswer, OutcomeUnknown, PlatformBusy, Status
from core.markdown.splitter import split
from tests.fakes import FakeChannel, FakeClock, FakeLedger

NO_FOOTER = Footer()
MANY = 1000
BROKEN = PlatformBusy("fake", code="500", failed=True)
UNKNOWN = OutcomeUnknown("fake", code="500", failed=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(clock: FakeClock) -> FakeChannel:
    return FakeChannel(clock, max_size=400)


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


def surface_of(channel: FakeChannel, ledger: FakeLedger) -> EditingSurface:
    return EditingSurface(channel, ledger, now=channel.clock.now, sleep=channel.clock.sleep)


async def begun(channel: FakeChannel, ledger: FakeLedger, text: str) -> None:
    """An attempt that dies after it showed some text."""
    async with surface_of(channel, ledger) as surface:
        await surface.write(text)
        await channel.clock.advance(5)


async def test_a_message_that_every_edit_fails_at_is_posted_anew_and_the_old_one_goes(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("One")
        await clock.advance(1)
        channel.faults = [("edit", BROKEN)] * 4
        began = clock.now()
        await surface.write(" answer.")
        await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["One answer."]
    assert clock.now() - began < 20
    assert [row.part for row in ledger.rows] == [0]


async def test_what_can_not_be_deleted_either_holds_up_nothing(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("One")
        await clock.advance(1)
        channel.faults = [("edit", BROKEN)] * 4 + [("delete", BROKEN)] * MANY
        began = clock.now()
        await surface.write(" answer.")
        await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["One", "One answer."]
    assert clock.now() - began < 30


async def test_an_old_message_that_a_crash_left_is_deleted_by_the_next_attempt(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("One")
        await clock.advance(1)
        channel.faults = [("edit", BROKEN)] * 4 + [("post", BROKEN)] * MANY
        await surface.write(" answer.")
        await clock.advance(15)
    channel.faults = []

    async with surface_of(channel, ledger.reopened()) as surface:
        await surface.write("One answer.")
        await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["One answer."]


async def test_a_text_that_the_platform_fails_at_each_time_is_given_back(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("post", UNKNOWN)] * MANY
    began = clock.now()
    async with surface_of(channel, ledger) as surface:
        await surface.write("poison")
        with pytest.raises(MessageRefused) as caught:
            await clock.run(surface.finish(NO_FOOTER))

    assert caught.value.failed
    assert clock.now() - began < 60


async def test_a_short_run_of_failures_changes_nothing_that_a_reader_sees(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("One")
        await clock.advance(1)
        channel.faults = [("edit", BROKEN)] * 3
        await surface.write(" answer.")
        await clock.run(surface.finish(NO_FOOTER))

    assert [message.text for message in channel.messages] == ["One answer."]


async def test_an_answer_that_makes_no_sense_is_told_at_once(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("One")
        await clock.advance(1)
        channel.faults = [("edit", OddAnswer("fake", code="KeyError"))] * MANY
        began = clock.now()
        await surface.write(" answer.")
        with pytest.raises(OddAnswer):
            await clock.run(surface.finish(NO_FOOTER))

    assert clock.now() - began < 5


async def test_a_create_whose_answer_makes_no_sense_is_looked_for_and_tried_once_more(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("post", OddAnswer("fake", code="JSONDecodeError"))] * MANY
    async with surface_of(channel, ledger) as surface:
        await surface.write("One answer.")
        with pytest.raises(OddAnswer):
            await clock.run(surface.finish(NO_FOOTER))

    assert len(channel.times("find")) <= 4


# -- opened again after a crash -----------------------------------------------------------------------


async def test_what_was_read_does_not_shrink_while_a_crashed_answer_is_generated_anew(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    text = " ".join(f"word-{number}" for number in range(120))
    await begun(channel, ledger, text[:853])
    shown = len("".join(channel.visible))
    channel.seen.clear()

    async with surface_of(channel, ledger.reopened(new_generation=True)) as surface:
        await surface.note(Status("Thinking"))
        await clock.advance(2)
        for at in range(0, len(text), 40):
            await surface.write(text[at : at + 40])
            await clock.advance(1)
        await clock.run(surface.finish(NO_FOOTER))

    assert min(len("".join(seen)) for seen in channel.seen) >= shown
    assert channel.visible == [part.text for part in split(text, 400)]


async def test_a_shorter_answer_takes_the_place_of_a_longer_one_when_it_is_whole(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await begun(channel, ledger, "x " * 300)

    async with surface_of(channel, ledger.reopened(new_generation=True)) as surface:
        await surface.write("Short.")
        await clock.advance(5)
        assert channel.visible != ["Short."]
        await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["Short."]


async def test_a_status_that_a_crash_left_gives_way_at_once(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.note(Status("Thinking"))
        await clock.advance(2)

    async with surface_of(channel, ledger.reopened(new_generation=True)) as surface:
        await surface.write("Hel")
        await clock.advance(2)

        assert channel.visible == ["Hel"]
