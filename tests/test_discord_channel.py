"""Posting and editing on Discord: what people see, and what each failure becomes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bots.discord.delivery.channel import DiscordChannel
from core.domain import (
    Action,
    Apology,
    Button,
    Footer,
    FrontendRefused,
    MessageRefused,
    OutcomeUnknown,
    PlaceClosed,
    PlatformBusy,
    PlatformError,
    Status,
)
from tests.discord_answers import EDIT, FIRST, PINGS, POST, SECOND, Place, asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord, Permission
from tests.waiting import ended, waiting_for


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
async def place(fake: FakeDiscord) -> AsyncIterator[Place]:
    async with opened(fake) as frontend:
        yield await asked(fake, frontend)


STOP = Button(Action.STOP, "t1", "Stop")


# -- what people see --------------------------------------------------------------------------------


async def test_the_first_message_replies_to_the_question_and_later_ones_stand_below(place: Place) -> None:
    await place.answer.post("one", FIRST)
    await place.answer.post("two", SECOND)

    seen = place.fake.answers(place.channel)
    assert [(message.content, message.reply_to) for message in seen] == [
        ("one", place.question.id),
        ("two", None),
    ]
    assert seen[0].nonce == "turn-1-0"


async def test_nobody_is_pinged_and_nothing_previewed_on_create_and_on_edit(place: Place) -> None:
    message_id = await place.answer.post(PINGS, FIRST)
    await place.answer.edit(
        message_id, f"{PINGS} <@&{place.channel.guild and place.channel.guild.bot_role.id}>"
    )

    [seen] = place.fake.answers(place.channel)
    assert seen.content.startswith(PINGS)
    assert len(seen.versions) == 2
    assert not seen.pings
    assert not seen.previews


async def test_a_deleted_question_is_answered_all_the_same(place: Place) -> None:
    await place.fake.delete(place.question.author, place.question)
    await place.answer.post("an answer", FIRST)

    assert place.seen() == ["an answer"]


async def test_where_replies_are_refused_the_answer_comes_without_one(place: Place) -> None:
    place.fake.fail(POST, status=400, code=160002, message="Cannot reply without permission to read history")
    await place.answer.post("an answer", FIRST)

    [seen] = place.fake.answers(place.channel)
    assert (seen.content, seen.reply_to) == ("an answer", None)


async def test_markdown_is_made_native(place: Place) -> None:
    message_id = await place.answer.post("#### Deep", FIRST)
    assert place.seen() == ["### Deep"]

    await place.answer.edit(message_id, "![cat](https://example.test/c.png)")
    assert place.seen() == ["cat (<https://example.test/c.png>)"]


async def test_typing_shows_once_for_all_answers_of_a_channel(place: Place) -> None:
    await place.answer.working()
    await place.answer.working()

    assert place.fake.typing(place.channel)
    assert len(place.fake.called("POST /channels/{}/typing")) == 1

    await place.answer.post("one", FIRST)
    await place.answer.working()
    assert place.fake.typing(place.channel)


async def test_deleting_twice_is_deleting_once(place: Place) -> None:
    message_id = await place.answer.post("one", FIRST)
    await place.answer.delete(message_id)
    await place.answer.delete(message_id)

    assert place.seen() == []


async def test_an_answer_grows_in_place_and_splits_at_two_thousand(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        text = " ".join(f"word{number}" for number in range(900))
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.note(Status("Searching the web"))
            await fake.until(lambda: place.seen() == ["_Searching the web_"])
            await surface.write(text[:3000])
            await surface.write(text[3000:])
            await surface.finish(Footer("model x"))

        seen = place.seen()
        assert " ".join(seen).replace("\n\n_model x_", "").split() == text.split()
        assert all(len(part) <= 2000 for part in seen)
        assert not fake.unknown


async def test_an_apology_stands_below_what_was_said(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.write("It is because")
            await surface.fail(Apology("Sorry, that broke off."))

        assert place.seen() == ["It is because\n\nSorry, that broke off."]


# -- creating once ----------------------------------------------------------------------------------


async def test_the_same_nonce_never_posts_twice(place: Place) -> None:
    place.fake.lose_response(POST)
    with pytest.raises(OutcomeUnknown):
        await place.answer.post("one", FIRST)
    message_id = await place.answer.post("one", FIRST)

    assert [str(seen.id) for seen in place.fake.answers(place.channel)] == [message_id]


async def test_a_lost_first_message_is_found_as_the_reply_to_its_question(place: Place) -> None:
    place.fake.lose_response(POST)
    with pytest.raises(OutcomeUnknown):
        await place.answer.post("one", FIRST)
    place.fake.clock.advance(3600)  # Discord has forgotten the nonce by now

    found = await place.answer.find(FIRST, "one and more")
    assert found == str(place.fake.answers(place.channel)[0].id)


async def test_a_lost_later_message_is_found_by_its_text(place: Place) -> None:
    await place.answer.post("first part", FIRST)
    place.fake.lose_response(POST)
    text = "#### Second part, which is long enough to be told"
    with pytest.raises(OutcomeUnknown):
        await place.answer.post(text, SECOND)

    second = str(place.fake.answers(place.channel)[1].id)
    assert await place.answer.find(SECOND, text) == second
    assert await place.answer.find(SECOND, f"{text} from others") == second


async def test_a_message_of_an_answer_that_says_the_same_is_not_taken_for_the_lost_one(place: Place) -> None:
    text = "What every long answer says on its second page, word for word"
    await place.answer.post(text, SECOND)
    other = replace(SECOND, nonce="turn-2-1")

    assert await place.answer.find(other, text) is None

    place.fake.lose_response(POST)
    with pytest.raises(OutcomeUnknown):
        await place.answer.post(text, other)
    ours = str(place.fake.answers(place.channel)[1].id)
    assert await place.answer.find(other, text) == ours


async def test_where_nobody_knows_whose_they_are_the_newest_message_of_that_text_is_the_lost_one(
    fake: FakeDiscord, place: Place
) -> None:
    text = "What every long answer says on its second page, word for word"
    await place.answer.post(text, SECOND)
    fake.lose_response(POST)
    with pytest.raises(OutcomeUnknown):
        await place.answer.post(text, replace(SECOND, nonce="turn-2-1"))
    newest = str(fake.answers(place.channel)[1].id)

    async with opened(fake) as frontend:  # a process that has seen neither
        again = DiscordChannel(frontend._session, place.address)
        assert await again.find(replace(SECOND, nonce="turn-2-1"), text) == newest


async def test_what_is_not_there_is_not_found(place: Place) -> None:
    alice = place.question.author
    await place.fake.say(alice, place.channel, "one", reply_to=place.question)
    other = await place.fake.say(alice, place.channel, "another question")
    await place.fake.say(place.fake.bot, place.channel, "an answer to it", reply_to=other)

    assert await place.answer.find(FIRST, "one") is None
    assert await place.answer.find(SECOND, "an answer to it") is None


async def test_a_message_that_was_deleted_is_not_found_and_can_be_posted_anew(place: Place) -> None:
    await place.answer.post("one", FIRST)
    await place.fake.delete(place.question.author, place.fake.answers(place.channel)[0])

    assert await place.answer.find(FIRST, "one") is None
    again = await place.answer.post("one", FIRST)
    assert await place.answer.post("one", FIRST) == again
    assert place.seen() == ["one"]


async def test_a_cancelled_caller_does_not_break_the_calls_after_it(place: Place) -> None:
    place.fake.rate_limit(POST, scope="global", retry_after_s=0.1)
    first = asyncio.create_task(place.answer.post("one", FIRST))
    await place.fake.until(lambda: place.fake.called(POST))
    first.cancel()
    await ended(first)

    async with waiting_for("the second post"):
        await place.answer.post("two", SECOND)
    assert place.seen() == ["one", "two"]


# -- failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "ours"),
    [
        (403, 50013, "50013"),
        (403, 50001, "50001"),
        (403, 50007, "50007"),
        (404, 10003, "unknown_channel"),
        (400, 160005, "160005"),
    ],
)
async def test_a_place_that_takes_nothing_is_closed(place: Place, status: int, code: int, ours: str) -> None:
    place.fake.fail(POST, status=status, code=code)
    with pytest.raises(PlaceClosed) as caught:
        await place.answer.post("one", FIRST)

    assert caught.value.code == ours
    assert place.seen() == []


REFUSED = [(400, 200000), (400, 50035), (413, 40005), (403, 240000), (422, 999_998), (400, 999_999)]


@pytest.mark.parametrize(("status", "code"), REFUSED)
async def test_a_text_that_is_not_taken_closes_no_place(place: Place, status: int, code: int) -> None:
    place.fake.fail(POST, status=status, code=code, times=2)
    with pytest.raises(MessageRefused) as caught:
        await place.answer.post("one", FIRST)

    assert (caught.value.code, caught.value.failed) == (str(code), False)


@pytest.mark.parametrize(("status", "code"), REFUSED)
async def test_a_message_whose_look_is_not_taken_comes_as_bare_words(
    place: Place, status: int, code: int
) -> None:
    place.fake.fail(POST, status=status, code=code)
    posted = await place.answer.post("one", FIRST, (STOP,))
    (bare,) = place.fake.answers(place.channel)
    place.fake.fail(EDIT, status=status, code=code)
    await place.answer.edit(posted, "one two", (STOP,))

    assert (bare.text, bare.buttons) == ("one", ())
    assert [(each.text, each.buttons) for each in place.fake.answers(place.channel)] == [("one two", ())]


async def test_a_missing_permission_closes_the_place(place: Place) -> None:
    place.fake.deny(place.channel, Permission.SEND_MESSAGES)

    with pytest.raises(PlaceClosed):
        await place.answer.post("one", FIRST)


async def test_a_deleted_message_is_told_apart_from_a_closed_place(place: Place) -> None:
    message_id = await place.answer.post("one", FIRST)
    await place.fake.delete(place.question.author, place.fake.answers(place.channel)[0])

    for gone in (message_id, "no-id"):
        with pytest.raises(PlaceClosed) as caught:
            await place.answer.edit(gone, "two")
        assert caught.value.code == "unknown_message"


async def test_a_server_error_leaves_a_create_unknown_and_an_edit_to_be_tried_again(place: Place) -> None:
    message_id = await place.answer.post("one", FIRST)
    place.fake.fail(POST, status=503)
    place.fake.fail(EDIT, status=503)

    with pytest.raises(OutcomeUnknown):
        await place.answer.post("two", SECOND)
    with pytest.raises(PlatformBusy):
        await place.answer.edit(message_id, "two")


async def test_a_ban_by_address_says_how_long(place: Place) -> None:
    place.fake.fail(POST, status=429, html=True, headers={"Retry-After": "7"})
    with pytest.raises(PlatformBusy) as caught:
        await place.answer.post("one", FIRST)

    assert caught.value.retry_after_s == 7


async def test_a_long_rate_limit_comes_back_instead_of_being_slept_through(place: Place) -> None:
    place.fake.rate_limit(POST, retry_after_s=1000)
    with pytest.raises(PlatformBusy) as caught:
        await place.answer.post("one", FIRST)

    assert caught.value.retry_after_s == 1000


@pytest.mark.parametrize("reset", [True, False])
async def test_a_broken_connection_leaves_a_create_unknown(place: Place, reset: bool) -> None:
    place.fake.lose_request(POST, reset=reset)
    with pytest.raises(OutcomeUnknown):
        await place.answer.post("one", FIRST)


async def test_a_token_that_is_refused_names_the_setting(fake: FakeDiscord) -> None:
    async with opened(fake, token="wrong-token") as frontend:
        place = await asked(fake, frontend)
        with pytest.raises(FrontendRefused) as caught:
            await place.answer.post("one", FIRST)

    assert caught.value.setting == "[discord] token"
    assert "wrong-token" not in str(caught.value)


async def test_a_discord_that_was_away_is_logged_in_to_later(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.fail("GET /users/@me", status=503)
        with pytest.raises(PlatformBusy):
            await place.answer.post("one", FIRST)
        await place.answer.post("one", FIRST)

        assert place.seen() == ["one"]


async def test_an_address_that_is_none_of_ours_is_a_closed_place(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        with pytest.raises(PlaceClosed):
            frontend.reply_to("slack:C1", FakeLedger())


async def test_errors_carry_no_secret(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        for fault in (fake.lose_request, fake.lose_response):
            fault(POST)
            with pytest.raises(PlatformError) as caught:
                await place.answer.post("one", FIRST)
            assert fake.token not in repr(caught.value)
            assert isinstance(caught.value.__cause__, aiohttp.ClientError | OSError)
            assert fake.token not in repr(caught.value.__cause__)
