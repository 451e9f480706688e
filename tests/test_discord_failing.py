"""A Discord that fails at one message, or answers oddly: it costs that answer something, and nobody else."""

import time
from collections.abc import AsyncIterator

import pytest
import structlog

from core.domain import Footer, OddAnswer, PlatformBusy, ReplySurface
from tests.discord_answers import EDIT, FIRST, NamedLedger, asked, opened
from tests.discord_listening import discord_at_hand, listening, online
from tests.fakes import FakeLedger
from tests.platforms.discord import FakeDiscord

ALWAYS = 10**6
HISTORY = "GET /channels/{}/messages"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


async def finish(surface: ReplySurface, text: str) -> None:
    await surface.write(text)
    await surface.finish(Footer())


async def test_an_answer_whose_message_discord_fails_at_is_posted_anew(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            await surface.write("One")
            (first,) = await fake.until(lambda: fake.answers(place.channel))
            fake.fail(f"PATCH /channels/{{}}/messages/{first.id}", status=500, times=ALWAYS)
            await finish(surface, " whole answer.")

        assert place.seen() == ["One whole answer."]


async def test_while_discord_fails_at_one_message_others_in_the_channel_are_answered_at_once(
    fake: FakeDiscord,
) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        other = await fake.say(fake.person("ben"), place.channel, "and I?")
        async with frontend.reply_to(str(place.address), NamedLedger("a")) as surface:
            await surface.write("One")
            (first,) = await fake.until(lambda: fake.answers(place.channel))
            fake.fail(f"PATCH /channels/{{}}/messages/{first.id}", status=500, times=ALWAYS)
            await surface.write(" whole answer.")
            await fake.until(lambda: fake.called(EDIT))
            began = time.monotonic()
            async with frontend.reply_to(str(place.address_of(other)), NamedLedger("b")) as its:
                await finish(its, "You too.")
            took_s = time.monotonic() - began

            assert "You too." in place.seen()
            assert took_s < 1.5  # one try of discord.py's five lasts longer
            await surface.finish(Footer())


async def test_a_failure_is_told_at_once_and_not_tried_again_inside_the_channels_locks(
    fake: FakeDiscord,
) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        await place.answer.post("one", FIRST)
        fake.fail(EDIT, status=502, html=True, times=ALWAYS)
        with pytest.raises(PlatformBusy) as caught:
            await place.answer.edit(place.answer.newest, "two")

        assert caught.value.failed
        assert len(fake.called(EDIT)) == 1


async def test_a_rate_limit_of_one_old_message_does_not_hold_up_the_channel(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        await place.answer.post("one", FIRST)
        fake.rate_limit(EDIT, retry_after_s=20, code=30046)
        with pytest.raises(PlatformBusy) as caught:
            await place.answer.edit(place.answer.newest, "two")

        assert caught.value.retry_after_s == pytest.approx(20, abs=1)


async def test_an_answer_that_the_sdk_can_not_read_is_no_outage(fake: FakeDiscord) -> None:
    async with opened(fake) as frontend:
        place = await asked(fake, frontend)
        fake.fail("* /channels/*", status=200, html=True, times=ALWAYS)
        began = time.monotonic()
        async with frontend.reply_to(str(place.address), FakeLedger()) as surface:
            with pytest.raises(OddAnswer):
                await finish(surface, "Hello")

        assert time.monotonic() - began < 8
        assert len(fake.called(HISTORY)) <= 4


async def test_where_discord_fails_at_opening_a_thread_the_answer_stands_in_the_channel(
    fake: FakeDiscord,
) -> None:
    ana, lobby = fake.person("ana"), fake.channel(fake.guild("Gophers"), "lobby")
    async with online(fake, thread_per_question=True) as ears:
        fake.fail("POST /channels/{}/messages/{}/threads", status=500, times=ALWAYS)
        await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        with structlog.testing.capture_logs():
            async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
                await finish(surface, "Because.")

        assert [seen.content for seen in fake.answers(lobby)] == ["Because."]


async def test_where_discord_fails_at_an_interaction_its_answer_stands_below(fake: FakeDiscord) -> None:
    ana, lobby = fake.person("ana"), fake.channel(fake.guild("Gophers"), "lobby")
    async with online(fake) as ears:
        await fake.until(lambda: fake.commands.get(None))
        await fake.interact(ana, lobby, "ask", {"question": "why?"})
        said = await ears.intake.first()
        fake.fail("PATCH /webhooks/{}/{}/messages/*", status=500, times=ALWAYS)
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await finish(surface, "Because.")

        assert "Because." in [seen.content for seen in fake.answers(lobby)]


# -- a proxy in between -------------------------------------------------------------------------------


@pytest.fixture(params=["application/json; charset=utf-8", "application/json;charset=UTF-8"])
async def proxied(request: pytest.FixtureRequest) -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand(json_type=request.param) as server:
        yield server


async def test_a_proxy_that_names_the_charset_of_its_json_is_understood(proxied: FakeDiscord) -> None:
    ana, lobby = proxied.person("ana"), proxied.channel(proxied.guild("Gophers"), "lobby")
    async with online(proxied) as ears:
        await proxied.say(ana, lobby, f"{proxied.bot.mention} hello")
        said = await ears.intake.first()
        async with ears.frontend.reply_to(said.address, FakeLedger()) as surface:
            await finish(surface, "Hello, Ana.")

        assert [seen.content for seen in proxied.answers(lobby)] == ["Hello, Ana."]


async def test_errors_keep_their_codes_behind_such_a_proxy(proxied: FakeDiscord) -> None:
    async with opened(proxied) as frontend:
        place = await asked(proxied, frontend)
        await place.answer.post("one", FIRST)
        [message] = proxied.answers(place.channel)
        await proxied.delete(proxied.bot, proxied.message(message))

        await place.answer.delete(
            place.answer.newest
        )  # "unknown message" is fine only where it is read as such


async def test_an_api_that_is_none_is_named_with_its_setting(fake: FakeDiscord) -> None:
    fake.fail("GET /users/@me", status=200, html=True, times=ALWAYS)
    with structlog.testing.capture_logs():
        async with listening(fake) as ears:
            error = await ears.error()

    assert "not as Discord's API does" in error.detail
    assert getattr(error, "setting", "") == "[discord] api_url"
