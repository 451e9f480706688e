"""What every frontend promises the core, whatever its platform: the suite that a new frontend runs as well.

Subclass `FrontendContract` in a test module and give it a fixture `venue` that yields a `Venue`. Each test asserts
what a person in the venue would see.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from core.domain import (
    Action,
    Apology,
    Button,
    Command,
    Commanded,
    Fenced,
    Footer,
    Frontend,
    MadeFile,
    PlaceClosed,
    Pressed,
    Said,
    Status,
    ToolActivity,
    ToolState,
)
from tests.fakes import FakeLedger
from tests.listening import Inbox, Lamp
from tests.waiting import ended, soon

LONG = "\n\n".join(f"Paragraph {number}: " + "all of it arrives in order. " * 12 for number in range(40))
"""About 14,000 characters: more than one message holds on any platform."""


KEEP, DROP = Button(Action.KEEP, "k1", "Keep waiting"), Button(Action.DROP, "k1", "Don't answer")


def _nothing_to_press() -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Venue:
    """A frontend at its platform, with one person in one place."""

    frontend: Frontend
    say: Callable[[str], Awaitable[object]]
    """Have the person say something to the bot."""
    visible: Callable[[], str]
    """Everything that the bot shows the person there now, from the first message to the last."""
    private: bool
    can_sign: bool = True
    """Whether a reaction can be put on a message there."""
    remembers: bool = True
    """Whether what was shown by an earlier attempt is still there: a terminal forgets."""
    buttons: Callable[[], list[str]] = _nothing_to_press
    """What stands on the buttons that the person sees now, in order."""
    press: Callable[[str], Awaitable[object]] | None = None
    """Have the person press the button with that label; None where the platform has no buttons."""


async def show(venue: Venue, address: str, ledger: FakeLedger, text: str) -> None:
    """Show an answer from its beginning to its end."""
    async with venue.frontend.reply_to(address, ledger) as surface:
        await surface.write(text)
        await surface.finish(Footer())


class FrontendContract:
    """The promises, a test each."""

    @pytest.fixture
    async def inbox(self, venue: Venue) -> AsyncIterator[Inbox]:
        """The frontend listens; what it hears lands here."""
        inbox, lamp = Inbox(), Lamp()
        listening = asyncio.create_task(venue.frontend.listen(inbox, lamp))
        await soon("the frontend to listen", lamp.lit.wait())
        yield inbox
        listening.cancel()
        await ended(listening)

    async def address(self, venue: Venue, inbox: Inbox, words: str = "hello there") -> str:
        await venue.say(words)
        return (await inbox.first())[-1].address

    async def test_what_a_person_says_becomes_one_event_in_the_words_of_the_core(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        await venue.say("hello there")

        (said,) = await inbox.first()
        assert isinstance(said, Said)
        assert said.text == "hello there"
        assert said.keys
        assert said.author.identity.platform == said.place.platform == venue.frontend.platform
        assert said.place.private is venue.private

    async def test_a_reset_is_a_command(self, venue: Venue, inbox: Inbox) -> None:
        await venue.say("reset")

        (event,) = await inbox.first()
        assert isinstance(event, Commanded)
        assert event.command is Command.RESET

    async def test_usage_is_a_command(self, venue: Venue, inbox: Inbox) -> None:
        await venue.say("usage")

        (event,) = await inbox.first()
        assert isinstance(event, Commanded)
        assert event.command is Command.USAGE

    async def test_an_answer_written_in_pieces_is_shown_whole_and_is_not_heard_as_a_message(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            for piece in ("The **answer**", " comes in", " pieces."):
                await surface.write(piece)
            await surface.finish(Footer())

        assert venue.visible().strip() == "The **answer** comes in pieces."
        assert len(inbox.events) == 1

    async def test_a_long_answer_arrives_whole_and_in_order(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            for start in range(0, len(LONG), 500):
                await surface.write(LONG[start : start + 500])
            await surface.finish(Footer())

        assert venue.visible().split() == LONG.split()

    async def test_a_footer_stands_below_the_answer(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The answer.")
            await surface.finish(Footer("model, 12 tokens"))

        assert venue.visible().index("The answer.") < venue.visible().index("model, 12 tokens")

    async def test_an_apology_stands_below_what_was_said(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The first half")
            await surface.fail(Apology("Sorry, that was all."))

        shown = venue.visible()
        assert shown.index("The first half") < shown.index("Sorry, that was all.")

    async def test_an_apology_alone_is_shown(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            await surface.note(Status("Thinking"))
            await surface.fail(Apology("Sorry, not now."))

        assert venue.visible().strip() == "Sorry, not now."

    async def waiting(self, venue: Venue, address: str, ledger: FakeLedger) -> None:
        """Show that the answer waits, with both buttons."""
        async with venue.frontend.reply_to(address, ledger) as surface:
            await surface.fail(Apology("Sorry, not now.", buttons=(KEEP, DROP)))

    async def test_buttons_stand_below_an_apology_where_the_platform_has_any(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        await self.waiting(venue, await self.address(venue, inbox), FakeLedger())

        assert venue.visible().strip() == "Sorry, not now."
        assert venue.buttons() == ([KEEP.label, DROP.label] if venue.press else [])

    @pytest.mark.parametrize("button", [KEEP, DROP], ids=lambda button: button.action)
    async def test_a_press_tells_who_wants_what_of_which_answer(
        self, venue: Venue, inbox: Inbox, button: Button
    ) -> None:
        await self.waiting(venue, await self.address(venue, inbox), FakeLedger())
        if venue.press is None:
            return

        await venue.press(button.label)

        said, pressed = await inbox.first(2)
        assert isinstance(pressed, Pressed)
        assert (pressed.action, pressed.turn) == (button.action, button.turn)
        assert pressed.author.identity == said.author.identity
        assert pressed.place.private is venue.private
        await show(venue, pressed.address, FakeLedger(), "As you wish.")
        assert "As you wish." in venue.visible()

    async def test_no_button_is_left_where_another_text_takes_the_apologys_place(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await self.waiting(venue, address, ledger)

        await show(venue, address, ledger.reopened(new_generation=True), "I won't answer that one.")

        assert venue.buttons() == []
        if venue.remembers:
            assert venue.visible().strip() == "I won't answer that one."

    async def test_no_status_is_left_behind(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)
        running = ToolActivity("t1", "WebSearch", ToolState.RUNNING)

        async with venue.frontend.reply_to(address, FakeLedger()) as surface:
            await surface.note(Status("Thinking"))
            await surface.note(Status("Searching the web", running))
            await surface.write("Found it.")
            await surface.note(Status("", ToolActivity("t1", "WebSearch", ToolState.COMPLETED)))
            await surface.finish(Footer())

        assert "Found it." in venue.visible()
        assert "Thinking" not in venue.visible()
        assert "Searching the web" not in venue.visible()

    async def test_leaving_without_an_end_keeps_what_was_said(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with venue.frontend.reply_to(address, ledger) as surface:
            await surface.write("Half an answer")
        async with venue.frontend.reply_to(address, ledger.reopened()) as surface:
            await surface.write("Half an answer, and the rest.")
            await surface.finish(Footer())

        if venue.remembers:
            assert venue.visible().strip() == "Half an answer, and the rest."
        else:
            assert venue.visible().endswith("Half an answer, and the rest.\n")

    async def test_a_status_stands_while_the_turn_waits_and_the_answer_takes_its_place(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with venue.frontend.reply_to(address, ledger) as surface:
            await surface.note(Status("You are number 3 in line."))
            await surface.pause()
        async with venue.frontend.reply_to(address, ledger.reopened(new_generation=True)) as surface:
            await surface.note(Status("You are number 2 in line."))
            await surface.pause()
        await show(venue, address, ledger.reopened(new_generation=True), "The answer.")

        assert "The answer." in venue.visible()
        assert "in line" not in venue.visible()

    async def test_an_answer_delivered_twice_is_there_once(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        await show(venue, address, ledger, LONG)
        await show(venue, address, ledger.reopened(), LONG)

        times = 1 if venue.remembers else 2
        assert venue.visible().split() == LONG.split() * times

    async def test_an_answer_generated_anew_takes_the_place_of_the_old_one(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with venue.frontend.reply_to(address, ledger) as surface:
            await surface.write("An old attempt. " + LONG)
        async with venue.frontend.reply_to(address, ledger.reopened(new_generation=True)) as surface:
            await surface.write("The new one.")
            await surface.finish(Footer())

        if venue.remembers:
            assert venue.visible().strip() == "The new one."
        else:
            assert venue.visible().endswith("The new one.\n")

    async def test_a_quiet_sign_is_put_on_the_question_or_refused(self, venue: Venue, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        assert await venue.frontend.sign(address) is venue.can_sign

        assert venue.visible() == ""

    async def test_an_answer_that_is_taken_away_is_gone_and_twice_is_once(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await show(venue, address, ledger, LONG)
        ids = [row.message_id for row in ledger.rows]

        for _ in range(2):
            if venue.remembers:
                await venue.frontend.remove(address, ids)
            else:
                with pytest.raises(PlaceClosed):
                    await venue.frontend.remove(address, ids)

        assert (venue.visible() == "") is venue.remembers

    async def test_a_file_is_shown_or_the_place_says_that_it_takes_none(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        files = [MadeFile("picture-1.png", "image/png", "a cat", b"\x89PNG\r\n\x1a\n")]
        await show(venue, address, ledger, "Here it is.")

        delivery = await ledger.intend(10_000)
        name = await venue.frontend.attach(address, files, delivery, ledger, again=False)
        assert "Here it is." in venue.visible()
        if name and venue.remembers:
            await ledger.posted(10_000, name)
            await venue.frontend.remove(address, [row.message_id for row in ledger.rows])
            assert venue.visible() == ""

    async def test_an_attempt_that_was_taken_over_shows_nothing_more(
        self, venue: Venue, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        frozen = FakeLedger()
        frozen.reopened()

        with pytest.raises(Fenced):
            await show(venue, address, frozen, "I am late.")

        assert "I am late." not in venue.visible()
