"""Answers that a platform shows by previews while they grow: what is seen, and what is left when they end."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from core.delivery.editing_surface import EditingSurface
from core.domain import (
    Action,
    Apology,
    Button,
    Fenced,
    Footer,
    MessageRefused,
    PlatformBusy,
    PlatformError,
    Status,
)
from tests.fakes import FakeChannel, FakeClock, FakeLedger

STOP = Button(Action.STOP, "k1", "Stop")
LONG = "\n\n".join(f"Paragraph {number}: " + "some words " * 12 for number in range(12))


class PreviewingChannel(FakeChannel):
    """A channel with a preview below its messages, which a message takes the place of."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock, max_size=400)
        self.preview_text = ""
        self.preview_buttons: tuple[Button, ...] = ()
        self.preview_faults: list[PlatformError] = []
        self.previews: list[str] = []

    async def preview(self, text: str, buttons: Sequence[Button] = ()) -> None:
        if self.preview_faults:
            raise self.preview_faults.pop(0)
        self.preview_text, self.preview_buttons = text, tuple(buttons)
        self.previews.append(text)

    async def post(self, text: str, *more: object, **named: object) -> str:
        self.preview_text = ""
        return await super().post(text, *more, **named)  # type: ignore[arg-type]  # handed on as it came


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(clock: FakeClock) -> PreviewingChannel:
    return PreviewingChannel(clock)


def surface_of(channel: PreviewingChannel, ledger: FakeLedger) -> EditingSurface:
    return EditingSurface(
        channel, ledger, preview=channel.preview, now=channel.clock.now, sleep=channel.clock.sleep
    )


async def test_a_growing_answer_is_previewed_and_posted_once_when_it_is_whole(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    ledger = FakeLedger()
    async with surface_of(channel, ledger) as surface:
        await surface.offer([STOP])
        await surface.write("The first half, ")
        await clock.advance(1)
        growing = (
            channel.preview_text.strip(),
            channel.preview_buttons,
            list(channel.visible),
            list(ledger.rows),
        )
        await surface.write("and the second.")
        await clock.advance(3)
        await clock.run(surface.finish(Footer()))

    assert growing == ("The first half,", (STOP,), [], [])
    assert channel.visible == ["The first half, and the second."]
    assert channel.preview_text == ""
    assert [call.name for call in channel.calls if call.name in ("post", "edit")] == ["post"]


async def test_parts_that_are_whole_are_posted_while_the_last_one_is_previewed(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    async with surface_of(channel, FakeLedger()) as surface:
        for begin in range(0, len(LONG), 60):
            await surface.write(LONG[begin : begin + 60])
            await clock.advance(1)
        posted, previewed = len(channel.visible), channel.preview_text
        await clock.run(surface.finish(Footer()))

    assert posted == len(channel.visible) - 1
    assert channel.visible[-1].startswith(previewed.strip()[:40])
    assert " ".join(channel.visible).split() == LONG.split()
    assert channel.times("edit") == []


async def test_a_status_that_stays_while_the_turn_waits_is_a_message_and_the_answer_takes_its_place(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    ledger = FakeLedger()
    async with surface_of(channel, ledger) as surface:
        await surface.note(Status("You are number 3 in line."))
        await clock.advance(2)
        fading = channel.preview_text, list(channel.visible)
        await clock.run(surface.pause())
    waiting = list(channel.visible)
    async with surface_of(channel, ledger.reopened(new_generation=True)) as surface:
        await surface.write("The answer.")
        await clock.run(surface.finish(Footer()))

    assert fading == ("_You are number 3 in line._", [])
    assert waiting == ["_You are number 3 in line._"]
    assert channel.visible == ["The answer."]


async def test_what_was_previewed_is_posted_with_the_apology_below_it(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    async with surface_of(channel, FakeLedger()) as surface:
        await surface.write("The first half")
        await clock.advance(1)
        await clock.run(surface.fail(Apology("Sorry, that was all.")))

    assert channel.visible == ["The first half\n\nSorry, that was all."]


async def test_where_there_are_no_previews_the_answer_grows_by_edits(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    channel.preview_faults = [MessageRefused("fake", code="no_previews")]
    async with surface_of(channel, FakeLedger()) as surface:
        await surface.write("Hello")
        await clock.advance(1)
        begun = list(channel.visible)
        await surface.write(" world")
        await clock.advance(3)
        grown = list(channel.visible)
        await clock.run(surface.finish(Footer()))

    assert (begun, grown, channel.visible) == (["Hello"], ["Hello world"], ["Hello world"])
    assert channel.previews == []


async def test_a_platform_that_is_busy_with_previews_is_left_alone_for_as_long_as_it_says(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    channel.preview_faults = [PlatformBusy("fake", retry_after_s=20)]
    async with surface_of(channel, FakeLedger()) as surface:
        await surface.write("Hello")
        await clock.advance(15)
        meanwhile = list(channel.previews)
        await clock.advance(10)
        await clock.run(surface.finish(Footer()))

    assert (meanwhile, channel.previews, channel.visible) == ([], ["Hello"], ["Hello"])


async def test_an_attempt_that_was_taken_over_previews_nothing_more(
    clock: FakeClock, channel: PreviewingChannel
) -> None:
    ledger = FakeLedger()

    async def late() -> None:
        async with surface_of(channel, ledger) as surface:
            ledger.reopened()
            await surface.write("I am late.")
            await clock.sleep(2)
            await surface.finish(Footer())

    with pytest.raises(Fenced):
        await clock.run(late())
    assert (channel.previews, channel.visible) == ([], [])
