"""What an earlier process showed of a question on Discord and could not take away goes with the next one."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs

from core.domain import Action, Apology, Button, Footer, Sign, Status
from tests.discord_answers import POST, Place, asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord
from tests.waiting import soon

MARK, UNMARK = (
    "PUT /channels/{}/messages/{}/reactions/{}/@me",
    "DELETE /channels/{}/messages/{}/reactions/{}/@me",
)
STOP = Button(Action.STOP, "n", "Stop")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.mark.parametrize("ends", ["answered", "failed"])
async def test_the_hourglass_goes_when_another_process_answers_or_ends_otherwise(
    fake: FakeDiscord, ends: str
) -> None:
    ledger = FakeLedger()
    async with opened(fake) as first:
        place = await asked(fake, first)
        assert await first.sign(str(place.address))
        assert place.question.reactions
    async with opened(fake) as second, second.reply_to(str(place.address), ledger.reopened()) as surface:
        if ends == "answered":
            await surface.write("Because.")
            await fake.until(lambda: not place.question.reactions)  # when it begins
            await surface.finish(Footer())
        else:
            await surface.fail(Apology("Sorry."))

    assert not place.question.reactions


async def test_the_sign_of_a_question_that_is_not_taken_is_another_one(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        assert await frontend.sign(str(place.address), Sign.NOT_TAKEN)

    assert list(place.question.reactions) == ["🚫"]


async def test_a_turn_that_goes_on_waiting_keeps_its_hourglass(fake: FakeDiscord) -> None:
    ledger = FakeLedger()
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        await frontend.sign(str(place.address))
        async with frontend.reply_to(str(place.address), ledger.reopened()):
            pass

    assert place.question.reactions


async def test_a_first_attempt_makes_no_call_for_a_sign_that_can_not_be_there(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.write("Because.")
            await surface.finish(Footer())

    assert fake.called(UNMARK) == []


async def test_an_hourglass_that_can_not_be_taken_away_holds_no_answer_up(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.fail(UNMARK, status=500, times=100)
        async with frontend.reply_to(str(place.address), FakeLedger().reopened()) as surface:
            await surface.write("Because.")
            await surface.finish(Footer())

        assert place.seen() == ["Because."]


async def left_by_a_kill(fake: FakeDiscord, place: Place, address: str, ledger: FakeLedger) -> None:
    """A process that dies in its first create, which shows a status with a Stop button."""
    async with opened(fake) as first:
        hang = fake.hang(POST, worked=True)
        async with first.reply_to(address, ledger) as surface:
            await surface.offer([STOP])
            await surface.note(Status("Thinking"))
            await soon("the create", hang.entered.wait())
    hang.release()


@pytest.mark.parametrize("forgets_nonces", [False, True])
async def test_a_status_whose_create_a_kill_cut_off_becomes_the_answer(
    fake: FakeDiscord, forgets_nonces: bool
) -> None:
    """In a thread the answer replies to nothing, so that nothing but its button or its nonce tells whose it is."""
    ledger = FakeLedger()
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
    thread = fake.thread(place.channel, "talk", by=place.question.author)
    address = str(structs.replace(place.address, channel=thread.id, parent=place.channel.id, message=0))
    await left_by_a_kill(fake, place, address, ledger)
    assert [seen.content for seen in fake.answers(thread)] == ["_Thinking_"]
    if forgets_nonces:
        fake.clock.advance(600)

    async with opened(fake) as second, second.reply_to(address, ledger.reopened()) as surface:
        await surface.write("Because.")
        await surface.finish(Footer())

    [answer] = fake.answers(thread)
    assert (answer.content, answer.buttons) == ("Because.", ())
