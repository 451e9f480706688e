"""An answer on a Discord that fails: it arrives once and whole, or its author learns why it can't."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import structlog
from msgspec import structs

from bots.discord.frontend import DiscordFrontend
from core.domain import Footer, PlaceClosed
from tests.discord_answers import EDIT, POST, Place, asked, opened
from tests.discord_listening import FAST, discord_at_hand
from tests.fakes import FakeClock, FakeLedger
from tests.platforms.discord import FakeDiscord, Permission

Trouble = Callable[[FakeDiscord, str], None]


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


async def at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


IMPATIENT = replace(FAST, sleep=at_once)
TROUBLE: dict[str, Trouble] = {
    "limited": lambda fake, spec: fake.rate_limit(spec, retry_after_s=0.01),
    "limited for the whole bot": lambda fake, spec: fake.rate_limit(spec, retry_after_s=0.01, scope="global"),
    "limited by the address": lambda fake, spec: fake.rate_limit(spec, retry_after_s=0.01, via=False),
    "limited without a word how long": lambda fake, spec: fake.fail(spec, status=429),
    "limited by a page of HTML": lambda fake, spec: fake.fail(spec, status=429, html=True),
    "503": lambda fake, spec: fake.fail(spec, status=503),
    "520": lambda fake, spec: fake.fail(spec, status=520, html=True),
    "522": lambda fake, spec: fake.fail(spec, status=522, html=True, times=2),
    "reset before": lambda fake, spec: fake.lose_request(spec),
    "reset after": lambda fake, spec: fake.lose_response(spec, reset=True),
    "closed after": lambda fake, spec: fake.lose_response(spec),
}


async def answer(frontend: DiscordFrontend, place: Place, text: str) -> None:
    address = structs.replace(place.address, user=place.question.author.id)
    async with frontend.reply_to(str(address), FakeLedger()) as surface:
        begun = " ".join(text.split(" ")[:3])
        await surface.write(begun)
        await place.fake.until(lambda: place.seen() == [begun] or place.refused())
        await surface.write(text.removeprefix(begun))
        await surface.finish(Footer())


@pytest.mark.parametrize("spec", [POST, EDIT])
@pytest.mark.parametrize("trouble", TROUBLE)
async def test_an_answer_arrives_once_whatever_happens_to_a_call(
    fake: FakeDiscord, trouble: str, spec: str
) -> None:
    async with opened(fake, IMPATIENT) as frontend:
        place = await asked(fake, frontend)
        TROUBLE[trouble](fake, spec)
        await answer(frontend, place, "It is because of the heat.")

        assert place.seen() == ["It is because of the heat."]
        assert not fake.unknown


async def test_a_limit_for_the_whole_bot_holds_back_other_channels_too(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        other = fake.channel(place.guild, "other")
        address = structs.replace(place.address, channel=other.id, message=0)
        fake.rate_limit(f"POST /channels/{place.channel.id}/messages", scope="global", retry_after_s=0.3)
        first = asyncio.create_task(answer(frontend, place, "one two three four"))
        await fake.until(lambda: fake.called(POST))
        async with frontend.reply_to(str(address), FakeLedger()) as surface:
            await surface.write("elsewhere")
            await surface.finish(Footer())
        await first

        refused, *later = fake.called(POST)
        assert all(call.at - refused.at > 0.25 for call in later)
        assert place.seen() == ["one two three four"]


# -- places that take no answer ---------------------------------------------------------------------


async def refused(fake: FakeDiscord, frontend: DiscordFrontend, place: Place) -> list[str]:
    """Answer where that is not allowed; the events in the log."""
    with structlog.testing.capture_logs() as logs, pytest.raises(PlaceClosed):
        await answer(frontend, place, "one two three four")
    return [str(log["event"]) for log in logs]


@pytest.mark.parametrize("denied", [Permission.SEND_MESSAGES, Permission.VIEW_CHANNEL])
async def test_who_asked_where_the_bot_may_not_write_is_told_so_in_private(
    fake: FakeDiscord, denied: Permission
) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.deny(place.channel, denied)
        assert "answer.place_closed" in await refused(fake, frontend, place)

        [told] = fake.answers(fake.dm(place.question.author))
        assert place.channel.mention in told.content
        assert "may not write" in told.content
        assert not told.pings


async def test_it_is_told_once_an_hour_for_each_channel(fake: FakeDiscord) -> None:
    clock = FakeClock()
    timing = replace(FAST, now=clock.now, sleep=at_once)
    async with opened(fake, timing) as frontend:
        place = await asked(fake, frontend)
        direct = fake.dm(place.question.author)
        fake.deny(place.channel, Permission.SEND_MESSAGES)
        for _ in range(3):
            await refused(fake, frontend, place)
        assert len(fake.answers(direct)) == 1

        await clock.advance(3601)
        await refused(fake, frontend, place)
        assert len(fake.answers(direct)) == 2


@pytest.mark.parametrize("code", [50007, 50278])
async def test_who_takes_no_direct_messages_is_not_asked_again(fake: FakeDiscord, code: int) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.deny(place.channel, Permission.SEND_MESSAGES)
        direct = fake.dm(place.question.author)
        fake.fail(f"POST /channels/{direct.id}/messages", status=403, code=code, times=99)
        events = await refused(fake, frontend, place)

        assert "answer.author_not_told" in events
        assert len([call for call in fake.called(POST) if call.path.split("/")[2] == str(direct.id)]) == 1


async def test_a_locked_thread_is_told_of_like_a_channel(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.fail(POST, status=400, code=160005)
        await refused(fake, frontend, place)

        assert len(fake.answers(fake.dm(place.question.author))) == 1
