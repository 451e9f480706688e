"""What a reader sees of an answer that is posted and edited, whatever happens on the way."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bots.discord.delivery.channel import is_same_text
from core.delivery.editing_surface import EditingSurface
from core.domain import (
    Action,
    Apology,
    Button,
    Delivery,
    Fenced,
    Footer,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    Status,
)
from core.markdown.splitter import split
from tests.fakes import FakeChannel, FakeClock, FakeLedger, Fault
from tests.waiting import ended, waiting_for

NO_FOOTER = Footer()
STATUS = Status("Looking")
SORRY = Apology("Sorry, that did not work.")
LONG = "\n\n".join(f"Paragraph {n}: " + "some words " * 12 + "\n\n```py\nx = 1\n```" for n in range(20))


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


@pytest.fixture
async def surface(channel: FakeChannel, ledger: FakeLedger) -> AsyncIterator[EditingSurface]:
    async with surface_of(channel, ledger) as opened:
        yield opened


async def answer(
    channel: FakeChannel,
    ledger: FakeLedger,
    text: str,
    *,
    piece: int = 10**6,
    footer: Footer = NO_FOOTER,
    status: Status | None = None,
) -> None:
    """Show a text; `status` comes behind each piece of it."""
    async with surface_of(channel, ledger) as surface:
        for begin in range(0, len(text), piece):
            await surface.write(text[begin : begin + piece])
            if status is not None:
                await surface.note(status)
            await channel.clock.sleep(0.3)
        await surface.finish(footer)


def messages_of(text: str, max_size: int = 400) -> list[str]:
    return [part.text for part in split(text, max_size)]


# The way of an answer


async def test_an_answer_is_shown_while_it_is_written(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("Hel")
    await clock.advance(0.3)
    assert channel.visible == ["Hel"]

    await surface.write("lo")
    await clock.advance(2)
    assert channel.visible == ["Hello"]

    await surface.write(" world")
    await clock.run(surface.finish(NO_FOOTER))
    assert channel.visible == ["Hello world"]


async def test_a_long_answer_becomes_several_messages_in_order(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, LONG, piece=50))

    assert channel.visible == messages_of(LONG)
    assert all(len(text) <= 400 and text.count("```") % 2 == 0 for seen in channel.seen for text in seen)
    assert [row.part for row in ledger.rows] == list(range(len(channel.visible)))
    assert all(row.closed for row in ledger.rows)
    assert ledger.rows[-1].shown == len(LONG)


async def test_while_an_answer_grows_calls_keep_the_distance_that_the_platform_likes(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    for begin in range(0, len(LONG), 50):
        await surface.write(LONG[begin : begin + 50])
        await clock.advance(0.3)

    at = channel.times("post", "edit")
    assert len(at) > 5
    assert min(later - earlier for earlier, later in itertools.pairwise(at)) > 0.99


async def test_the_first_edits_come_soon_and_further_ones_later(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    channel.edit_interval_s = 3.0
    for _ in range(120):
        await surface.write("x ")
        await clock.advance(0.1)

    at = [round(when - 1000, 1) for when in channel.times("post", "edit")]
    assert at == pytest.approx([0.25, 1.3, 2.8, 5.2, 8.5], abs=0.3)


async def test_what_is_whole_while_its_first_words_are_held_is_shown_by_one_call(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, surface: EditingSurface
) -> None:
    await surface.note(Status("Thinking"))
    await clock.advance(1)
    await surface.write("Hel")
    await clock.advance(0.2)
    await surface.write("lo")

    await clock.run(surface.finish(Footer("model", (KEEP,))))

    assert [(call.name, call.text) for call in channel.calls if call.name in ("post", "edit")] == [
        ("post", "Hello\n\n_model_")
    ]
    assert channel.buttons == [KEEP]
    assert [row.closed for row in ledger.rows] == [True]


async def test_a_status_is_posted_once_the_sign_of_work_has_stood_for_a_while(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.note(Status("Thinking"))
    await clock.advance(1.4)
    assert channel.sign
    assert channel.visible == []

    await clock.advance(0.2)
    assert channel.visible == ["_Thinking_"]


async def test_words_that_come_after_a_status_are_held_for_a_moment_too(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.note(Status("Thinking"))
    await clock.advance(5)
    await surface.write("Hel")
    await clock.advance(0.2)
    await surface.write("lo")
    await clock.run(surface.finish(NO_FOOTER))

    assert [call.text for call in channel.calls if call.name in ("post", "edit")] == ["_Thinking_", "Hello"]


async def test_the_longer_an_answer_takes_the_calmer_it_is_edited(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    for _ in range(1200):
        await surface.write("x ")
        await clock.advance(0.1)

    at = channel.times("edit")
    assert len([when for when in at if when < 1010]) >= 8
    assert len([when for when in at if 1110 <= when < 1120]) <= 5


async def test_the_end_of_a_long_answer_is_shown_without_delay(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("Hello")
    await clock.advance(300)
    await surface.write(" world")
    await clock.advance(0.1)
    await surface.write("!")
    began = clock.now()

    await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["Hello world!"]
    assert clock.now() - began <= channel.edit_interval_s


async def test_a_slow_platform_does_not_hold_up_the_writer(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    channel.faults = [("post", PlatformBusy("fake", retry_after_s=15))]

    for _ in range(1000):
        await surface.write("word ")

    await clock.run(surface.finish(NO_FOOTER))
    assert channel.visible == messages_of("word " * 1000)


async def test_the_sign_of_work_is_shown_until_there_is_text(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await clock.advance(20)
    assert len(channel.times("working")) == 3

    await surface.write("Here")
    await clock.advance(60)
    assert len(channel.times("working")) == 3


async def test_an_answer_is_shown_where_the_sign_of_work_is_refused(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("working", Fault.CLOSED), ("working", Fault.BUSY)]

    await clock.run(answer(channel, ledger, "Hello"))

    assert channel.visible == ["Hello"]


# Status, footer, apology


async def test_a_status_stands_below_the_text_until_more_comes(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.note(Status("Searching\nthe web"))
    await clock.advance(2)
    assert channel.visible == ["_Searching the web_"]

    await surface.write("```\ncode")
    await clock.advance(2)
    assert channel.visible == ["```\ncode\n```"]

    await surface.note(Status("Reading"))
    await clock.advance(2)
    assert channel.visible == ["```\ncode\n```\n\n_Reading_"]

    await surface.note(Status("Thinking"))
    await clock.run(surface.finish(NO_FOOTER))
    assert channel.visible == ["```\ncode\n```"]


async def test_a_status_without_room_is_left_out(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("x" * 395)
    await surface.note(Status("Searching"))
    await clock.advance(3)

    assert channel.visible == ["x" * 395]


async def test_the_footer_is_the_last_line(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, "Hello", footer=Footer("small model, $0.01")))

    assert channel.visible == ["Hello\n\n_small model, $0.01_"]


async def test_a_footer_without_room_becomes_a_message_of_its_own(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, "x" * 395, footer=Footer("small model")))

    assert channel.visible == ["x" * 395, "_small model_"]


async def test_an_answer_without_text_leaves_nothing(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, surface: EditingSurface
) -> None:
    await surface.note(Status("Searching"))
    await clock.advance(2)

    await clock.run(surface.finish(Footer("small model")))

    assert channel.visible == []
    assert ledger.rows == []


async def test_the_apology_stands_below_what_was_said(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("Half an ans")
    await surface.note(Status("Searching"))
    await clock.advance(2)

    await clock.run(surface.fail(SORRY))

    assert channel.visible == ["Half an ans\n\nSorry, that did not work."]


async def test_the_apology_takes_the_place_of_a_status(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.note(Status("Searching"))
    await clock.advance(2)

    await clock.run(surface.fail(SORRY))

    assert channel.visible == ["Sorry, that did not work."]


async def test_an_apology_without_room_becomes_a_message_of_its_own(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("```\n" + "x" * 385)

    await clock.run(surface.fail(SORRY))

    assert channel.visible == ["```\n" + "x" * 385 + "\n```", "Sorry, that did not work."]


async def test_an_apology_keeps_what_an_earlier_attempt_said(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("Half an answer")
        await clock.advance(2)
    for _ in range(2):
        ledger = ledger.reopened()
        async with surface_of(channel, ledger) as surface:
            await clock.run(surface.fail(SORRY))

    assert channel.visible == ["Half an answer", "Sorry, that did not work."]


async def test_a_closed_answer_takes_no_more(clock: FakeClock, surface: EditingSurface) -> None:
    await surface.write("Hello")
    await clock.run(surface.finish(NO_FOOTER))

    with pytest.raises(RuntimeError):
        await surface.write("more")


async def test_left_in_the_middle_nothing_more_is_shown(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("Hello")
        await clock.advance(0.3)
        await surface.write(" world")
    await clock.advance(60)

    assert channel.visible == ["Hello"]


# Trouble


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.LOST, Fault.DONE_UNHEARD])
@pytest.mark.parametrize("name", ["post", "edit", "find", "delete"])
async def test_a_fault_of_the_platform_is_invisible_in_the_end(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, fault: Fault, name: str
) -> None:
    await clock.run(answer(channel, ledger, LONG, piece=50))
    channel.faults = [(name, fault), ("post", Fault.DONE_UNHEARD), (name, fault)]

    await clock.run(answer(channel, ledger.reopened(new_generation=True), LONG[:1000] + LONG, piece=300))
    assert channel.visible == messages_of(LONG[:1000] + LONG)

    channel.faults += [(name, fault), (name, fault)]
    await clock.run(answer(channel, ledger.reopened(new_generation=True), LONG[:1000], piece=300))
    assert channel.visible == messages_of(LONG[:1000])


async def test_where_nothing_can_be_looked_up_a_lost_create_is_tried_again_and_then_reported(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.can_find = False
    channel.faults = [("post", Fault.LOST)] * 2
    await clock.run(answer(channel, ledger, "Hello"))
    assert channel.visible == ["Hello"]

    channel.faults = [("post", Fault.LOST)] * 50
    with pytest.raises(OutcomeUnknown):
        await clock.run(answer(channel, FakeLedger(), "Hello"))


async def test_an_outage_in_the_middle_is_over_when_the_platform_is_back(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    channel.faults = [("edit", PlatformBusy("fake", retry_after_s=300))]
    await surface.write("Hello")
    await clock.advance(1)
    await surface.write(" world")
    await clock.advance(200)
    assert channel.visible == ["Hello"]

    await surface.write("!")
    await clock.advance(150)
    assert channel.visible == ["Hello world!"]


async def test_an_outage_that_outlasts_the_answer_is_reported(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("post", Fault.BUSY)] * 200

    with pytest.raises(PlatformBusy):
        await clock.run(answer(channel, ledger, "Hello"))

    channel.faults = []
    await clock.run(answer(channel, ledger.reopened(), "Hello"))
    assert channel.visible == ["Hello"]


async def test_a_message_that_someone_deletes_is_posted_anew(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("Hello")
    await clock.advance(2)
    await channel.delete(channel.messages[0].id)

    await surface.write(" world")
    await clock.run(surface.finish(NO_FOOTER))

    assert channel.visible == ["Hello world"]


async def test_after_a_deleted_message_the_parts_are_still_in_order(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, LONG))
    await channel.delete(channel.messages[1].id)

    changed = LONG.replace("some", "more")
    await clock.run(answer(channel, ledger.reopened(new_generation=True), changed))

    assert channel.visible == messages_of(changed)


async def test_a_message_that_is_deleted_again_and_again_is_not_forced_on_anybody(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write("Hello")
    await clock.advance(2)
    await channel.delete(channel.messages[0].id)
    await surface.write(" world")
    await clock.advance(4)
    await channel.delete(channel.messages[1].id)
    await surface.write("!")

    with pytest.raises(PlaceClosed):
        await clock.run(surface.finish(NO_FOOTER))


CALLS: list[Callable[[EditingSurface], Awaitable[None]]] = [
    lambda surface: surface.write("more"),
    lambda surface: surface.note(Status("Searching")),
    lambda surface: surface.finish(NO_FOOTER),
    lambda surface: surface.fail(SORRY),
]


@pytest.mark.parametrize("call", CALLS, ids=["write", "note", "finish", "fail"])
async def test_a_closed_place_is_reported_by_the_next_call(
    clock: FakeClock,
    channel: FakeChannel,
    surface: EditingSurface,
    call: Callable[[EditingSurface], Awaitable[None]],
) -> None:
    channel.faults = [("post", Fault.CLOSED)]
    await surface.write("Hello")
    await clock.advance(1)

    with pytest.raises(PlaceClosed):
        await call(surface)


@pytest.mark.parametrize("call", CALLS, ids=["write", "note", "finish", "fail"])
async def test_a_worker_whose_turn_was_taken_over_falls_silent(
    clock: FakeClock,
    channel: FakeChannel,
    ledger: FakeLedger,
    surface: EditingSurface,
    call: Callable[[EditingSurface], Awaitable[None]],
) -> None:
    await surface.write("Hello")
    await clock.advance(2)
    ledger.reopened()
    await surface.write(" world")
    await clock.advance(20)

    with pytest.raises(Fenced):
        await call(surface)
    await clock.advance(60)
    assert channel.visible == ["Hello"]


class Frost:
    """Freezes a process the first time that it comes to an instant; `thaw` lets it go on."""

    def __init__(self, instant: str) -> None:
        self._instant = instant
        self.frozen = asyncio.Event()
        self._thawed = asyncio.Event()

    async def hook(self, instant: str) -> None:
        if instant == self._instant and not self.frozen.is_set():
            self.frozen.set()
            await self._thawed.wait()  # no deadline: the test thaws it

    def thaw(self) -> None:
        self._thawed.set()


async def answered_while_frozen(channel: FakeChannel, ledger: FakeLedger, instant: str) -> None:
    """One process freezes there, another one answers meanwhile, and then the first one wakes."""
    frost = Frost(instant)
    channel.hook = frost.hook
    sleeper = asyncio.create_task(answer(channel, ledger, "Hello world, good day", piece=5))
    async with waiting_for("the process to freeze"):
        while not frost.frozen.is_set():
            await channel.clock.advance(0.5)
    await channel.clock.run(answer(channel, ledger.reopened(), "Hello world, good day"))
    frost.thaw()
    await channel.clock.advance(60)

    with pytest.raises(Fenced):
        await sleeper


async def test_a_worker_that_wakes_in_the_middle_of_a_post_takes_it_back(
    channel: FakeChannel, ledger: FakeLedger
) -> None:
    await answered_while_frozen(channel, ledger, "before post")

    assert channel.visible == ["Hello world, good day"]


async def test_a_worker_that_wakes_in_the_middle_of_an_edit_has_the_answer_shown_anew(
    channel: FakeChannel, ledger: FakeLedger
) -> None:
    await answered_while_frozen(channel, ledger, "before edit")
    assert ledger.again

    await channel.clock.run(answer(channel, ledger.reopened(), "Hello world, good day"))
    assert channel.visible == ["Hello world, good day"]


async def test_no_sign_of_work_is_left_below_an_answer_that_was_there_already(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, "Hello"))

    async with surface_of(channel, ledger.reopened()) as again:
        await clock.advance(1)
        assert channel.sign
        await again.write("Hello")
        await clock.run(again.finish(NO_FOOTER))

    assert not channel.sign
    assert channel.visible == ["Hello"]


class SlowToHearOfIt(FakeChannel):
    """A platform that does what it was asked to, even if nobody waits for its answer any more."""

    asked: bool = False

    async def working(self) -> None:
        self.asked = True
        try:
            await asyncio.Event().wait()  # no deadline: until it is cancelled
        finally:
            for _ in range(9):  # as a connection that is closed takes its time
                await asyncio.sleep(0)
            self.sign = True


async def test_no_sign_of_work_is_left_by_a_call_that_was_under_way_when_the_answer_was_whole(
    clock: FakeClock, ledger: FakeLedger
) -> None:
    channel = SlowToHearOfIt(clock)
    async with surface_of(channel, ledger) as surface:
        await clock.advance(0.1)
        assert channel.asked
        await surface.write("Hello")
        await clock.run(surface.finish(NO_FOOTER))

    assert not channel.sign
    assert channel.visible == ["Hello"]


async def test_an_error_that_nobody_asked_for_comes_out_at_the_end(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("post", Fault.CLOSED)]

    async def say_and_leave() -> None:
        async with surface_of(channel, ledger) as surface:
            await surface.write("Hello")
            await clock.advance(1)

    with pytest.raises(PlaceClosed):
        await say_and_leave()


async def test_an_error_of_the_caller_is_not_hidden_by_the_platforms(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    channel.faults = [("post", Fault.CLOSED)]

    async def stumble() -> None:
        async with surface_of(channel, ledger) as surface:
            await surface.write("Hello")
            await clock.advance(1)
            raise KeyError

    with pytest.raises(KeyError):
        await stumble()


async def test_a_cancelled_finish_ends_at_once_and_shows_nothing_more(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    task = asyncio.create_task(answer(channel, ledger, LONG))
    await clock.advance(0.28)
    channel.faults = [("post", PlatformBusy("fake", retry_after_s=30))]
    await clock.advance(3)
    shown = channel.visible
    assert shown == messages_of(LONG)[:1]
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await clock.advance(60)
    assert channel.visible == shown


# Opened again


async def test_opened_again_the_same_answer_is_left_as_it_stands(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, LONG))
    channel.calls.clear()

    await clock.run(answer(channel, ledger.reopened(), LONG))

    assert channel.visible == messages_of(LONG)
    assert channel.times("post") == []
    assert len(channel.times("edit")) == 1  # the last one might have shown another footer


async def test_opened_again_nothing_that_was_shown_disappears_meanwhile(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await surface.write("Hello world")
        await clock.advance(2)
    channel.seen.clear()

    async with surface_of(channel, ledger.reopened()) as surface:
        await surface.note(Status("Back in a moment"))
        await clock.advance(2)
        for piece in ("Hel", "lo wo", "rld, how are you?"):
            await surface.write(piece)
            await clock.advance(2)
        await clock.run(surface.finish(NO_FOOTER))

    assert all(text.startswith("Hello world") for seen in channel.seen for text in seen)
    assert channel.visible == ["Hello world, how are you?"]


@pytest.mark.parametrize("max_size", [100, 120, 200, 400])
async def test_messages_of_another_size_show_the_same_answer(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, max_size: int
) -> None:
    text = "\n\n".join("x" * 80 for _ in range(12))
    for size in (150, max_size, 300):
        channel.max_size, ledger = size, ledger.reopened()
        await clock.run(answer(channel, ledger, text))
        assert channel.visible == messages_of(text, size)


@pytest.mark.parametrize("new", ["Short.", LONG[:700], LONG + LONG], ids=["shorter", "less", "longer"])
async def test_another_text_takes_the_place_of_an_older_one(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, new: str
) -> None:
    await clock.run(answer(channel, ledger, LONG, footer=Footer("old")))

    ledger = ledger.reopened(new_generation=True)
    await clock.run(answer(channel, ledger, new, footer=Footer("new")))

    assert channel.visible[:-1] == messages_of(new)[:-1]
    assert channel.visible[-1] == messages_of(new)[-1] + "\n\n_new_"
    assert len(ledger.rows) == len(channel.visible)


async def test_another_footer_takes_the_place_of_an_older_one(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    await clock.run(answer(channel, ledger, "x" * 395, footer=Footer("a long footer")))
    await clock.run(answer(channel, ledger.reopened(), "x" * 395, footer=NO_FOOTER))
    assert channel.visible == ["x" * 395]

    await clock.run(answer(channel, ledger.reopened(), "x" * 395, footer=Footer("b")))
    assert channel.visible == ["x" * 395, "_b_"] or channel.visible == ["x" * 395 + "\n\n_b_"]


class Death:
    """A process that stops for good at its n-th instant: what it does then never returns."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.happened = asyncio.Event()

    async def hook(self, _: str) -> None:
        self._left -= 1
        if self._left < 0:
            self.happened.set()
            await asyncio.Event().wait()  # no deadline: a process that is dead


async def live_and_die(
    channel: FakeChannel,
    ledger: FakeLedger,
    work: str,
    death: Death,
    *,
    piece: int = 200,
    status: Status | None = None,
) -> bool:
    """Let an answer be shown until it is done or its process dies; true if it died."""
    clock, channel.hook = channel.clock, death.hook
    showing = answer(channel, ledger, work, piece=piece, footer=Footer("model"), status=status)
    task = asyncio.create_task(showing)
    for _ in range(400):
        if task.done() or death.happened.is_set():
            break
        await clock.advance(0.5)
    died = not task.done()
    task.cancel()
    await ended(task)
    channel.hook = FakeChannel(clock).hook
    return died


STORY = "\n\n".join(f"Paragraph {n}: " + "words " * 8 for n in range(6))


@pytest.mark.parametrize("new_generation", [False, True], ids=["same", "anew"])
@pytest.mark.parametrize(
    "faults", [[], [("post", Fault.DONE_UNHEARD), ("post", Fault.LOST)]], ids=["fair", "foul"]
)
async def test_whenever_the_process_dies_the_answer_is_shown_once(
    new_generation: bool, faults: list[tuple[str, Fault | PlatformError]]
) -> None:
    instant, died = 0, True
    while died:  # no deadline: 400 steps each, and one instant later each time
        channel, death = FakeChannel(FakeClock(), max_size=120, faults=list(faults)), Death(instant)
        ledger = FakeLedger(hook=death.hook)
        died = await live_and_die(channel, ledger, STORY, death)
        text = STORY.replace("words", "things")[:200] if new_generation else STORY
        ledger = ledger.reopened(new_generation=new_generation)
        await channel.clock.run(answer(channel, ledger, text, footer=Footer("model")))

        last = messages_of(text, 120)[-1] + "\n\n_model_"
        assert channel.visible == [*messages_of(text, 120)[:-1], last], f"after death at instant {instant}"
        assert [row.message_id for row in ledger.rows] == [m.id for m in channel.messages if not m.deleted]
        instant += 1

    assert instant > 40


WORDS = " ".join(f"word{number:03}" for number in range(50))
"""A message that has no room for the next word is followed by one that begins with it alone."""


class ByText(FakeChannel):
    """One that shows no nonces later: it knows the first message by what it answers, others by their text."""

    async def find(self, delivery: Delivery, text: str) -> str | None:
        if delivery.part == 0:
            return await super().find(delivery, text)
        alike = [m.id for m in self.messages if not m.deleted and is_same_text(m.text.strip(), text.strip())]
        await self._do("find", text, lambda: None)
        return alike[-1] if alike else None


async def test_whenever_the_process_dies_the_answer_is_shown_once_where_messages_are_known_by_their_text() -> (
    None
):
    paragraphs = messages_of(WORDS, 120)
    instant, died = 0, True
    while died:  # no deadline: 400 steps each, and one instant later each time
        channel, death = ByText(FakeClock(), max_size=120), Death(instant)
        ledger = FakeLedger(hook=death.hook)
        died = await live_and_die(channel, ledger, WORDS, death, piece=30, status=STATUS)
        ledger = ledger.reopened(new_generation=True)
        await channel.clock.run(
            answer(channel, ledger, WORDS, piece=5, footer=Footer("model"), status=STATUS)
        )

        assert channel.visible == [*paragraphs[:-1], paragraphs[-1] + "\n\n_model_"], f"death at {instant}"
        instant += 1

    assert instant > 40


async def test_a_further_message_begins_with_enough_text_to_be_known_by_and_without_a_status(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    first = "x" * 390 + "."
    await surface.write(first)
    await clock.advance(2)
    await surface.write("\n\n" + "y" * 20)
    await surface.note(STATUS)
    await clock.advance(3)
    assert channel.visible == [first]

    await surface.write("y" * 12)
    await surface.note(STATUS)
    await clock.advance(3)

    assert channel.visible == [first, "y" * 32 + "\n\n_Looking_"]
    assert [call.text for call in channel.calls if call.name == "post"][1] == "y" * 32


async def test_the_end_of_an_answer_may_be_short(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    first = "x" * 399 + "."
    await clock.run(answer(channel, ledger, f"{first}\n\nyes"))

    assert channel.visible == [first, "yes"]


async def test_even_a_process_that_dies_again_and_again_shows_the_answer_once() -> None:
    for stride in range(3, 30):
        channel, ledger, died = FakeChannel(FakeClock(), max_size=120), FakeLedger(), True
        for life in range(200):
            death = Death(stride + life)
            died = await live_and_die(channel, ledger.reopened(hook=death.hook), STORY, death)
            if not died:
                break

        assert not died
        assert channel.visible == [*messages_of(STORY, 120)[:-1], messages_of(STORY, 120)[-1] + "\n\n_model_"]


async def test_a_sentence_stands_below_a_full_message_after_which_the_next_one_was_only_meant(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    """The process died before it posted the second message, and of the first one nothing further was to be shown."""
    text = messages_of(LONG)[0]
    channel.max_size = len(text) + 2 + len(SORRY.text)
    await ledger.intend(0)
    await ledger.posted(0, await channel.post(text, ledger.rows[0]))
    await ledger.shows(0, len(text), closed=True)
    await ledger.intend(1)

    async with surface_of(channel, ledger.reopened()) as surface:
        await surface.write(text)
        await clock.run(surface.fail(SORRY))

    assert channel.visible == [f"{text}\n\n{SORRY.text}"]


# Buttons


KEEP = Button(Action.KEEP, "k1", "Keep waiting")


async def test_buttons_stand_below_the_last_message_of_an_apology_only(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.write(LONG)
    await clock.run(surface.fail(Apology("Sorry. " * 100, buttons=(KEEP,))))

    *others, last = channel.messages
    assert last.buttons == (KEEP,)
    assert last.text.startswith("Sorry.")
    assert all(message.buttons == () for message in others)


async def test_buttons_come_to_a_text_that_the_reader_sees_already(
    clock: FakeClock, channel: FakeChannel, surface: EditingSurface
) -> None:
    await surface.note(Status("Sorry."))
    await clock.advance(2)
    (shown,) = channel.visible

    await clock.run(surface.fail(Apology(shown, buttons=(KEEP,))))

    assert channel.visible == [shown]
    assert channel.buttons == [KEEP]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DONE_UNHEARD])
async def test_buttons_are_there_once_when_nobody_heard_that_they_were_posted(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger, fault: Fault
) -> None:
    channel.faults.append(("post", fault))
    apology = Apology("Sorry.", buttons=(KEEP,))

    async with surface_of(channel, ledger) as surface:
        await clock.run(surface.fail(apology))
    async with surface_of(channel, ledger.reopened()) as surface:
        await clock.run(surface.fail(apology))

    assert channel.visible == ["Sorry."]
    assert channel.buttons == [KEEP]


async def test_another_text_in_the_apologys_place_has_no_buttons(
    clock: FakeClock, channel: FakeChannel, ledger: FakeLedger
) -> None:
    async with surface_of(channel, ledger) as surface:
        await clock.run(surface.fail(Apology("Sorry.", buttons=(KEEP,))))

    await clock.run(answer(channel, ledger.reopened(new_generation=True), "All right."))

    assert channel.visible == ["All right."]
    assert channel.buttons == []
