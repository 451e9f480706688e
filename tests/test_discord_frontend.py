"""What the Discord frontend hears, and what else it promises to the core."""

from collections.abc import AsyncIterator

import pytest
import structlog
from pydantic import SecretStr

from bots.discord.events.address import Address
from bots.discord.frontend import open_discord
from bots.discord.settings import DiscordSettings
from core.domain import Command, Commanded
from tests.discord_listening import FAST, discord_at_hand, online
from tests.platforms.discord import FORUM, FakeDiscord
from tests.waiting import ended


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


async def test_mentions_replies_and_direct_messages_are_heard_and_nothing_else(fake: FakeDiscord) -> None:
    gophers, alice = fake.guild("Gophers"), fake.person("alice")
    general, robot = fake.channel(gophers, "general"), fake.person("robot", bot=True)
    async with online(fake) as ears:
        await fake.say(alice, general, "not for the bot")
        await fake.say(robot, general, f"{fake.bot.mention} from a bot")
        await fake.say(alice, general, f"{fake.bot.mention} from a hook", webhook=True)
        await fake.say(alice, general, f"{fake.bot.mention} first")
        await fake.say(alice, general, "second", mention_role=gophers.bot_role)
        await fake.say(alice, fake.dm(alice), "third")
        answer = await fake.say(fake.bot, general, "an answer")
        await fake.say(alice, general, "fourth", reply_to=answer, ping=False)
        await fake.say(alice, fake.dm(alice), "/reset")

        assert sorted(await ears.intake.texts(5)) == ["first", "fourth", Command.RESET, "second", "third"]
        assert fake.identifies[0].intents == 37377
        assert [event.place.private for event in ears.intake.events if isinstance(event, Commanded)] == [True]
        assert not fake.unknown


async def test_a_thread_is_known_by_its_channel_even_where_discord_did_not_announce_it(
    fake: FakeDiscord,
) -> None:
    general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
    known = fake.thread(general, "known", by=alice)
    archived = fake.thread(general, "archived", by=alice)
    fake.archive(archived)
    async with online(fake) as ears:
        await fake.say(alice, known, f"{fake.bot.mention} one")
        await fake.say(alice, archived, f"{fake.bot.mention} two")
        await ears.intake.texts(2)

        places = [(event.place.channel, event.place.thread) for event in ears.intake.events]
        assert places == [(str(general.id), str(known.id)), (str(general.id), str(archived.id))]


async def test_a_forum_post_is_a_thread_of_the_forum(fake: FakeDiscord) -> None:
    forum, alice = fake.channel(fake.guild("Gophers"), "help", FORUM), fake.person("alice")
    async with online(fake) as ears:
        thread, _ = fake.post(forum, alice, "A question", f"{fake.bot.mention} why?")
        heard = await ears.intake.first()

        assert (heard.place.channel, heard.place.thread) == (str(forum.id), str(thread.id))


async def test_an_event_that_could_not_be_stored_is_tried_again_in_its_order(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        ears.intake.failures = 2
        with structlog.testing.capture_logs():
            await fake.say(alice, fake.dm(alice), "first")
            await fake.say(alice, fake.dm(alice), "second")

            assert await ears.intake.texts(2) == ["first", "second"]


async def test_what_was_heard_before_the_end_is_still_stored(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        ears.intake.held.clear()
        await fake.say(alice, fake.dm(alice), "just before the end")
        await ears.intake.until(lambda: ears.intake.asked)
        ears.task.cancel()
        await fake.until(lambda: not fake.gateway.connections)
        ears.intake.held.set()
        await ended(ears.task)

        assert await ears.intake.texts(1) == ["just before the end"]


async def test_opening_talks_to_nobody_and_needs_nobody(unused_tcp_port: int) -> None:
    away = DiscordSettings(token=SecretStr("a.b.c"), api_url=f"http://127.0.0.1:{unused_tcp_port}")

    async with open_discord(away, FAST) as frontend:
        assert frontend.platform == "discord"
        assert Address.parse(frontend.address_of("1200000000000000010")).channel == 1200000000000000010
        with structlog.testing.capture_logs():
            around = await frontend.surroundings(str(Address(channel=1, message=2, parent=3)), 5)
        assert list(around) == []


def test_a_frontend_without_a_token_is_not_wanted() -> None:
    assert not DiscordSettings().wanted
    assert not DiscordSettings(token=SecretStr(" ")).wanted
    assert not DiscordSettings(token=SecretStr("x"), enabled=False).wanted
    assert DiscordSettings(token=SecretStr("x")).wanted


def test_the_token_never_shows_in_the_settings() -> None:
    assert "secret" not in repr(DiscordSettings(token=SecretStr("secret")))


def test_a_proxys_password_does_not_show() -> None:
    proxied = DiscordSettings(token=SecretStr("x"), api_url="https://me:secret@proxy.test/api/v10/")

    assert proxied.api_url.endswith("/v10")
    assert proxied.shown_api_url == "https://proxy.test/api/v10"
