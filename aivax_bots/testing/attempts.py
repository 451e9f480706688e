"""What becomes of an answer that is shown by more than one attempt, as after a crash, and of one that is taken away."""

from __future__ import annotations

import pytest

from aivax_bots import Fenced, Footer, Frontend, PlaceClosed, Status
from aivax_bots.testing.adapter import Ability, Adapter
from aivax_bots.testing.fakes import FakeLedger
from aivax_bots.testing.listening import Inbox
from aivax_bots.testing.suite import LONG, FrontendSuite, needs, replaces, show, shown


class AttemptContract(FrontendSuite):
    """A later attempt goes on where an earlier one ended, and that one shows nothing more."""

    async def test_leaving_without_an_end_keeps_what_was_said(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with frontend.reply_to(address, ledger) as surface:
            await surface.write("Half an answer")
        async with frontend.reply_to(address, ledger.reopened()) as surface:
            await surface.write("Half an answer, and the rest.")
            await surface.finish(Footer())

        if self.has(Ability.MEMORY):
            assert shown(venue) == "Half an answer, and the rest."
        else:
            assert shown(venue).endswith("Half an answer, and the rest.")

    async def test_a_status_stands_while_the_turn_waits_and_the_answer_takes_its_place(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with frontend.reply_to(address, ledger) as surface:
            await surface.note(Status("You are number 3 in line."))
            await surface.pause()
        async with frontend.reply_to(address, ledger.reopened(new_generation=True)) as surface:
            await surface.note(Status("You are number 2 in line."))
            await surface.pause()
        await show(frontend, address, ledger.reopened(new_generation=True), "The answer.")

        assert "The answer." in shown(venue)
        assert "in line" not in shown(venue)

    async def test_an_answer_delivered_twice_is_there_once(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        await show(frontend, address, ledger, LONG)
        await show(frontend, address, ledger.reopened(), LONG)

        most = 1 if self.has(Ability.MEMORY) else 2
        assert shown(venue).split() in [LONG.split() * times for times in range(1, most + 1)]

    async def test_an_answer_generated_anew_takes_the_place_of_the_old_one(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()

        async with frontend.reply_to(address, ledger) as surface:
            await surface.write("An old attempt. " + LONG)
        async with frontend.reply_to(address, ledger.reopened(new_generation=True)) as surface:
            await surface.write("The new one.")
            await surface.finish(Footer())

        if self.has(Ability.MEMORY):
            assert shown(venue) == "The new one."
        else:
            assert shown(venue).endswith("The new one.")

    async def test_no_button_is_left_where_another_text_takes_the_apologys_place(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await self.waiting(frontend, address, ledger)

        await show(frontend, address, ledger.reopened(new_generation=True), "I won't answer that one.")

        assert list(venue.buttons()) == []
        if self.has(Ability.MEMORY):
            assert shown(venue) == "I won't answer that one."

    @needs(Ability.REMOVAL)
    async def test_an_answer_that_is_taken_away_is_gone_and_twice_is_once(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await show(frontend, address, ledger, LONG)
        ids = [row.message_id for row in ledger.rows]

        await frontend.remove(address, ids)
        await frontend.remove(address, ids)

        assert shown(venue) == ""

    @replaces(Ability.REMOVAL)
    async def test_where_nothing_is_taken_away_the_core_is_told_so(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        ledger = FakeLedger()
        await show(frontend, address, ledger, "The answer.")

        with pytest.raises(PlaceClosed):
            await frontend.remove(address, [row.message_id for row in ledger.rows])
        assert "The answer." in shown(venue)

    async def test_an_attempt_that_was_taken_over_shows_nothing_more(
        self, venue: Adapter, frontend: Frontend, inbox: Inbox
    ) -> None:
        address = await self.address(venue, inbox)
        frozen = FakeLedger()
        frozen.reopened()

        with pytest.raises(Fenced):
            await show(frontend, address, frozen, "I am late.")

        assert "I am late." not in shown(venue)
