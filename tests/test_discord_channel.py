"""Posting and editing on Discord: what people see, and what each failure becomes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from bots.discord.channel import DiscordChannel
from bots.discord.frontend import DiscordFrontend, open_discord
from bots.discord.pace import Gate
from bots.discord.places import Address
from bots.discord.session import Session
from bots.discord.timing import Timing
from core.errors import Fenced, FrontendRefused, OutcomeUnknown, PlaceClosed, PlatformBusy, PlatformError
from core.messages import Apology, Footer, Status
from core.ports import Delivery
from tests.discord_listening import FAST, discord_at_hand, settings
from tests.fakes import FakeClock, FakeLedger
from tests.platforms.discord import Channel, FakeDiscord, Message, Permission
from tests.platforms.discord.limits import Limits, Window

POST, EDIT = "POST /channels/{}/messages", "PATCH /channels/{}/messages/{}"
FIRST = Delivery(0, "turn-1-0", "", 0, closed=False, generation=1)
SECOND = replace(FIRST, part=1, nonce="turn-1-1")
PINGS = "@everyone @here <@1> see https://example.test"


class Place:
    """A question in a channel, and the place of its answer; the process only logs in, it never listens."""

    def __init__(self, fake: FakeDiscord, channel: Channel, question: Message, session: Session) -> None:
        self.fake = fake
        self.channel = channel
        self.question = question
        self.address = Address(
            channel=channel.id, message=question.id, guild=channel.guild.id if channel.guild else 0
        )
        self.answer = DiscordChannel(session, self.address)

    def seen(self) -> list[str]:
        return [seen.content for seen in self.fake.answers(self.channel)]


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@asynccontextmanager
async def opened(
    fake: FakeDiscord, timing: Timing = FAST, **changes: object
) -> AsyncIterator[DiscordFrontend]:
    async with open_discord(settings(fake, **changes), timing) as frontend:
        yield frontend


async def asked(fake: FakeDiscord, frontend: DiscordFrontend) -> Place:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    question = await fake.say(alice, general, "why?")
    return Place(fake, general, question, frontend._session)


@pytest.fixture
async def place(fake: FakeDiscord) -> AsyncIterator[Place]:
    async with opened(fake) as frontend:
        yield await asked(fake, frontend)


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
    assert place.seen() == ["[cat](https://example.test/c.png)"]


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
    await asyncio.wait([first])

    async with asyncio.timeout(5):
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
        (400, 200000, "200000"),
        (413, 40005, "40005"),
    ],
)
async def test_a_place_that_takes_nothing_is_closed(place: Place, status: int, code: int, ours: str) -> None:
    place.fake.fail(POST, status=status, code=code)
    with pytest.raises(PlaceClosed) as caught:
        await place.answer.post("one", FIRST)

    assert caught.value.code == ours
    assert place.seen() == []


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


# -- pace -------------------------------------------------------------------------------------------


async def test_four_writes_go_at_once_and_the_fifth_waits_for_its_window() -> None:
    clock = FakeClock()
    gate = Gate(Timing(now=clock.now, sleep=clock.sleep))
    at: list[float] = []

    async def write() -> None:
        await gate.enter()
        at.append(clock.now() - 1000)
        gate.leave()

    await clock.run(_all(*(write() for _ in range(6))))

    assert at == pytest.approx([0, 0, 0, 0, 5.1, 5.1])


async def test_writes_go_one_by_one_in_the_order_of_asking_whoever_gives_up() -> None:
    clock = FakeClock()
    gate = Gate(Timing(now=clock.now, sleep=clock.sleep))
    order: list[int] = []

    async def write(number: int) -> None:
        await gate.enter()
        await clock.sleep(0.2)
        order.append(number)
        gate.leave()

    tasks = [asyncio.create_task(write(number)) for number in range(4)]
    await clock.settle()
    tasks[1].cancel()
    await clock.run(_all(tasks[0], *tasks[2:]))

    assert order == [0, 2, 3]
    assert clock.now() - 1000 == pytest.approx(0.6)


async def _all(*work: object) -> None:
    await asyncio.gather(*work)  # type: ignore[call-overload]


async def test_ten_answers_at_once_stay_below_discords_limits() -> None:
    quick = Limits(create=Window(5, 0.25), edit=Window(5, 0.25))
    async with (
        discord_at_hand(limits=quick) as fake,
        opened(fake, replace(FAST, write_window_s=0.26)) as frontend,
    ):
        place = await asked(fake, frontend)
        channels = [DiscordChannel(frontend._session, place.address) for _ in range(10)]

        async def answer(number: int, channel: DiscordChannel) -> None:
            message_id = await channel.post(f"{number}", replace(FIRST, nonce=f"turn-{number}"))
            await channel.edit(message_id, f"{number} done")

        await asyncio.gather(*(answer(number, channel) for number, channel in enumerate(channels)))

        assert sorted(place.seen()) == sorted(f"{number} done" for number in range(10))
        assert [call for call in fake.calls if call.status == 429] == []


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


async def test_a_write_that_had_to_wait_asks_again_whether_it_may(fake: FakeDiscord) -> None:
    async def taken_over() -> None:
        raise Fenced(1, 1)

    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        gate = frontend._session.gate(place.channel.id)
        await gate.enter()
        late = DiscordChannel(frontend._session, place.address, taken_over)
        writing = asyncio.create_task(late.post("too late", FIRST))
        while not gate._waiting:  # noqa: ASYNC110  it tells nobody who waits
            await asyncio.sleep(0)
        gate.leave()

        with pytest.raises(Fenced):
            await writing
        assert place.seen() == []
        await place.answer.post("in time", FIRST)
        assert place.seen() == ["in time"]
