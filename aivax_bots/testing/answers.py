"""How an answer is shown, from its first words to what stands below it."""

from __future__ import annotations

import pytest

from aivax_bots import (
    Apology,
    Button,
    Footer,
    Frontend,
    MadeFile,
    Pressed,
    Said,
    Status,
    ToolActivity,
    ToolState,
)
from aivax_bots.testing.adapter import Ability, Adapter
from aivax_bots.testing.fakes import FakeLedger
from aivax_bots.testing.listening import Inbox
from aivax_bots.testing.suite import (
    DROP,
    HOSTILE,
    KEEP,
    LONG,
    FrontendSuite,
    needs,
    replaces,
    show,
    shown,
)
from aivax_bots.testing.waiting import until

PICTURE = MadeFile("picture-1.png", "image/png", "a cat", b"\x89PNG\r\n\x1a\n")
FILES_PART = 10_000
"""The part of an answer that its files are, in the ledger."""


class AnswerContract(FrontendSuite):
    """An answer is there once, whole, in order, and pings nobody."""

    async def test_an_answer_written_in_pieces_is_shown_whole_and_is_not_heard_as_a_message(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            for piece in ("The **answer**", " comes in", " pieces."):
                await surface.write(piece)
            await surface.finish(Footer())

        assert shown(venue) == "The **answer** comes in pieces."
        assert len(inbox.events) == 1

    @needs(Ability.GROWING)
    async def test_an_answer_is_seen_while_it_grows(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The first half is there,\n\n")
            await until("the first half", lambda: "first half" in shown(venue))
            await surface.write("and then the second one.")
            await surface.finish(Footer())

        assert shown(venue).split() == [
            "The",
            "first",
            "half",
            "is",
            "there,",
            "and",
            "then",
            "the",
            "second",
            "one.",
        ]

    @replaces(Ability.GROWING)
    async def test_where_nothing_grows_an_answer_is_shown_at_once_when_it_is_whole(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The first half, ")
            await surface.note(Status("Searching the web"))
            before = shown(venue)
            await surface.write("and the second.")
            await surface.finish(Footer())

        assert before == ""
        assert list(venue.visible()) == ["The first half, and the second."]

    async def test_a_long_answer_arrives_whole_and_in_order(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            for start in range(0, len(LONG), 500):
                await surface.write(LONG[start : start + 500])
            await surface.finish(Footer())

        assert shown(venue).split() == LONG.split()
        assert max(map(len, venue.visible())) <= venue.longest

    async def test_hostile_words_of_a_model_ping_nobody_and_command_nothing(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        await show(frontend, address, FakeLedger(), f"It begins. {HOSTILE} It ends.")

        assert "It begins." in shown(venue)
        assert "It ends." in shown(venue)
        assert list(venue.pings()) == []
        assert not set(venue.obeys) & set(shown(venue))

    async def test_a_footer_stands_below_the_answer(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The answer.")
            await surface.finish(Footer("model, 12 tokens"))

        assert shown(venue).index("The answer.") < shown(venue).index("model, 12 tokens")

    async def test_an_apology_stands_below_what_was_said(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write("The first half")
            await surface.fail(Apology("Sorry, that was all."))

        seen = shown(venue)
        assert seen.index("The first half") < seen.index("Sorry, that was all.")

    async def test_an_apology_alone_is_shown(self, venue: Adapter, frontend: Frontend, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.note(Status("Thinking"))
            await surface.fail(Apology("Sorry, not now."))

        assert shown(venue) == "Sorry, not now."

    @needs(Ability.BUTTONS)
    async def test_buttons_stand_below_an_apology(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        await self.waiting(frontend, await self.address(venue, inbox), FakeLedger())

        assert shown(venue) == "Sorry, not now."
        assert list(venue.buttons()) == [KEEP.label, DROP.label]

    @replaces(Ability.BUTTONS)
    async def test_where_there_are_no_buttons_the_words_stand_alone(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        await self.waiting(frontend, await self.address(venue, inbox), FakeLedger())

        assert shown(venue) == "Sorry, not now."

    @needs(Ability.BUTTONS)
    @pytest.mark.parametrize("button", [KEEP, DROP], ids=lambda button: button.action)
    async def test_a_press_tells_who_wants_what_of_which_answer(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox, button: Button
    ) -> None:
        await self.waiting(frontend, await self.address(venue, inbox), FakeLedger())

        await venue.press(button.label)

        said, pressed = await inbox.first(2)
        assert isinstance(said, Said)
        assert isinstance(pressed, Pressed)
        assert (pressed.action, pressed.turn) == (button.action, button.turn)
        assert pressed.author.identity == said.author.identity
        assert pressed.place.private is venue.private
        await show(frontend, pressed.address, FakeLedger(), "As you wish.")
        assert "As you wish." in shown(venue)

    async def test_no_status_is_left_behind(self, venue: Adapter, frontend: Frontend, inbox: Inbox) -> None:
        address = await self.address(venue, inbox)
        running = ToolActivity("t1", "WebSearch", ToolState.RUNNING)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await surface.note(Status("Thinking"))
            await surface.note(Status("Searching the web", running))
            await surface.write("Found it.")
            await surface.note(Status("", ToolActivity("t1", "WebSearch", ToolState.COMPLETED)))
            await surface.finish(Footer())

        assert "Found it." in shown(venue)
        assert "Thinking" not in shown(venue)
        assert "Searching the web" not in shown(venue)

    @needs(Ability.TYPING)
    async def test_that_an_answer_is_under_way_is_shown_until_it_is_there(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        async with frontend.reply_to(address, FakeLedger()) as surface:
            await until("a sign that the bot is at work", venue.is_typing)
            before = shown(venue)
            await surface.write("The answer.")
            await surface.finish(Footer())

        assert before == ""
        await until("the sign's end", lambda: not venue.is_typing())

    @needs(Ability.SIGNS)
    async def test_a_quiet_sign_is_put_on_the_question(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        assert await frontend.sign(address) is True
        assert shown(venue) == ""

    @replaces(Ability.SIGNS)
    async def test_where_there_are_no_signs_the_core_is_told_to_say_it(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)

        assert await frontend.sign(address) is False
        assert shown(venue) == ""

    @needs(Ability.FILES)
    async def test_a_file_is_shown_below_the_answer(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await show(frontend, address, ledger, "Here it is.")

        name = await frontend.attach(address, [PICTURE], await ledger.intend(FILES_PART), ledger, again=False)

        assert name
        assert "Here it is." in shown(venue)
        assert list(venue.files()) == [PICTURE.name]
        if self.has(Ability.REMOVAL):
            await ledger.posted(FILES_PART, name)
            await frontend.remove(address, [row.message_id for row in ledger.rows])
            assert (shown(venue), list(venue.files())) == ("", [])

    @replaces(Ability.FILES)
    async def test_where_no_file_can_be_shown_the_core_is_told_to_name_it(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await show(frontend, address, ledger, "Here it is.")

        name = await frontend.attach(address, [PICTURE], await ledger.intend(FILES_PART), ledger, again=False)

        assert name == ""
        assert shown(venue) == "Here it is."
