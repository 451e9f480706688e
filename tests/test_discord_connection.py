"""How the Discord frontend connects, stays connected, and says why it can't: with the unmodified discord.py."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import structlog

from bots.discord.settings import DiscordSettings
from bots.discord.timing import Timing
from core.errors import FrontendRefused, FrontendUnreachable
from tests.discord_listening import FAST, Listening, discord_at_hand, listening, online
from tests.platforms.discord import FakeDiscord

WITH_CONTENT, WITHOUT_CONTENT = 37377, 4609


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


# -- connecting -------------------------------------------------------------------------------------


async def test_a_wrong_token_is_refused_by_the_settings_name_and_never_shown(fake: FakeDiscord) -> None:
    async with listening(fake, token="wrong-token-of-mine") as ears:
        error = await ears.error()

        assert isinstance(error, FrontendRefused)
        assert error.setting == "[discord] token"
        assert "wrong-token" not in f"{error}{error.fix}{error.__cause__!r}"
        assert ears.watch.states == [error]


@pytest.mark.parametrize("token", ["two words", "tökén", "a\nb"])
async def test_what_can_be_no_token_is_refused_without_asking(fake: FakeDiscord, token: str) -> None:
    async with listening(fake, token=token) as ears:
        assert isinstance(await ears.error(), FrontendRefused)
        assert not fake.calls


async def test_a_token_that_the_gateway_refuses_is_refused_by_its_name(fake: FakeDiscord) -> None:
    fake.refuse_identify(4004)
    async with listening(fake) as ears:
        error = await ears.error()

        assert isinstance(error, FrontendRefused)
        assert error.setting == "[discord] token"


async def test_a_host_that_does_not_answer_is_named_by_its_setting(
    fake: FakeDiscord, unused_tcp_port: int
) -> None:
    async with listening(fake, api_url=f"http://127.0.0.1:{unused_tcp_port}/api/v10") as ears:
        error = await ears.error()

        assert isinstance(error, FrontendUnreachable)
        assert error.setting == "[discord] api_url"
        assert str(unused_tcp_port) in error.detail


@pytest.mark.parametrize("route", ["GET /users/@me", "GET /gateway/bot"])
async def test_an_api_that_hangs_is_given_up(fake: FakeDiscord, route: str) -> None:
    fake.hang(route)
    async with listening(fake, connect_timeout_s=0.2) as ears:
        assert isinstance(await ears.error(), FrontendUnreachable)


@pytest.mark.parametrize("route", ["GET /users/@me", "GET /gateway/bot"])
async def test_an_api_that_answers_something_else_is_unreachable(fake: FakeDiscord, route: str) -> None:
    fake.fail(route, status=503, html=True)
    async with listening(fake) as ears:
        assert isinstance(await ears.error(), FrontendUnreachable)


async def test_a_refused_socket_is_told_instead_of_retried_in_silence(fake: FakeDiscord) -> None:
    fake.refuse_gateway(times=100)
    async with listening(fake, connect_timeout_s=0.3) as ears:
        error = await ears.error()

        assert isinstance(error, FrontendUnreachable)
        assert error.setting == "[discord] api_url"
        assert ears.watch.states == [error]


async def test_it_can_listen_again_once_the_trouble_is_over(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    fake.refuse_gateway(times=100)
    async with listening(fake, connect_timeout_s=0.3) as ears:
        await ears.error()
        fake.gateway.refusals.clear()
        again = Listening(ears.frontend)
        await again.up()
        await fake.say(alice, fake.dm(alice), "hello")

        assert await again.intake.texts(1) == ["hello"]
        await again.stop()


async def test_a_used_up_day_of_connections_is_told_and_costs_no_other() -> None:
    async with discord_at_hand(session_starts=0) as fake, listening(fake) as ears:
        error = await ears.error()

        assert isinstance(error, FrontendUnreachable)
        assert error.retry_after_s is not None
        assert not fake.identifies


async def test_without_the_content_intent_mentions_and_direct_messages_still_work() -> None:
    async with discord_at_hand(message_content=False) as fake:
        general, alice = fake.channel(fake.guild("Gophers"), "general"), fake.person("alice")
        with structlog.testing.capture_logs() as logs:
            async with online(fake) as ears:
                await fake.say(alice, general, f"{fake.bot.mention} in the open")
                await fake.say(alice, fake.dm(alice), "in private")

                assert await ears.intake.texts(2) == ["in the open", "in private"]
        assert [i.intents for i in fake.identifies] == [WITHOUT_CONTENT]
        told = [log["sentence"] for log in logs if log["event"] == "discord.no_message_content"]
        assert len(told) == 1
        assert "Message Content Intent" in told[0]
        assert "Developer Portal" in told[0]


async def test_an_intent_refused_in_spite_of_the_flags_is_done_without(
    fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.gateway.allowed_privileged = 0  # the portal's switch was turned off a moment ago
    with structlog.testing.capture_logs() as logs:
        async with online(fake):
            assert [i.intents for i in fake.identifies] == [WITH_CONTENT, WITHOUT_CONTENT]
    assert "discord.no_message_content" in [log["event"] for log in logs]


async def test_an_operator_can_do_without_message_content(fake: FakeDiscord) -> None:
    with structlog.testing.capture_logs() as logs:
        async with online(fake, message_content=False):
            assert [i.intents for i in fake.identifies] == [WITHOUT_CONTENT]
    (told,) = [line for line in logs if line["event"] == "discord.mentions_only"]
    assert "[discord] message_content" in told["sentence"]
    assert not [line for line in logs if line["log_level"] in ("warning", "error")]


# -- staying connected ------------------------------------------------------------------------------


async def test_a_dropped_connection_resumes_and_nothing_is_lost(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        fake.drop_gateway()
        await fake.say(alice, fake.dm(alice), "while away")

        assert await ears.intake.texts(1) == ["while away"]
        assert [resume.accepted for resume in fake.resumes] == [True]
        assert len(fake.identifies) == 1


async def test_a_lost_session_begins_anew_where_the_api_says_the_gateway_is(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        fake.invalidate()
        await fake.until(lambda: len(fake.identifies) == 2)
        await fake.online()
        await fake.say(alice, fake.dm(alice), "hello again")

        assert await ears.intake.texts(1) == ["hello again"]


async def test_a_lost_connection_is_told_and_so_is_its_return(fake: FakeDiscord) -> None:
    async with online(fake) as ears:
        fake.refuse_gateway(times=1)
        fake.drop_gateway()
        await ears.watch.until(lambda: len(ears.watch.states) >= 3)

        up, down, again = ears.watch.states[:3]
        assert (up, again) == ("up", "up")
        assert isinstance(down, FrontendUnreachable)


async def test_a_connection_that_does_not_come_back_is_given_up(fake: FakeDiscord) -> None:
    async with online(fake, reconnect_after_s=0.3) as ears:
        fake.refuse_gateway(times=100)
        fake.drop_gateway()

        assert isinstance(await ears.error(), FrontendUnreachable)


async def test_a_resume_stays_on_the_moved_api_even_if_ready_names_another_host(fake: FakeDiscord) -> None:
    async with online(fake) as ears:
        elsewhere = {"resume_gateway_url": "ws://127.0.0.1:9", "session_id": fake.sessions[0].id}
        fake.dispatch("READY", _ready(fake) | elsewhere)
        await ears.watch.until(lambda: ears.watch.states)
        await _heard(fake, ears)
        fake.drop_gateway()
        await fake.until(lambda: fake.resumes)

        assert [resume.accepted for resume in fake.resumes] == [True]


def _ready(fake: FakeDiscord) -> dict[str, object]:
    me = {"id": str(fake.bot.id), "username": fake.bot.name, "discriminator": "0", "avatar": None}
    return {"user": me, "guilds": [], "shard": [0, 1]}


async def _heard(fake: FakeDiscord, ears: Listening) -> None:
    bob = fake.person("bob")
    count = len(ears.intake.events)
    await fake.say(bob, fake.dm(bob), "are you there?")
    await ears.intake.texts(count + 1)


async def test_an_event_that_breaks_the_sdk_ends_this_listening_only(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        fake.dispatch("MESSAGE_CREATE", {"id": "1"})
        error = await ears.error()
        again = Listening(ears.frontend)
        await again.up()
        await fake.say(alice, fake.dm(alice), "hello")

        assert isinstance(error, FrontendUnreachable)
        assert await again.intake.texts(1) == ["hello"]
        await again.stop()


async def test_a_gateway_that_ends_every_session_does_not_use_up_the_days_connections(
    fake: FakeDiscord,
) -> None:
    timing = Timing(identify_gap_s=0.0, guild_ready_s=0.0, most_identifies=3, drain_s=1.0)
    async with online(fake, timing) as ears:
        while not ears.task.done():
            count = len(fake.identifies)
            fake.invalidate()
            await fake.until(
                lambda count=count: len(fake.identifies) > count or ears.task.done() or not fake.sessions
            )
            await asyncio.sleep(0)
        error = await ears.error()

        assert isinstance(error, FrontendUnreachable)
        assert len(fake.identifies) <= 6


async def test_listening_can_end_while_an_identify_waits_and_leaves_no_heartbeat(fake: FakeDiscord) -> None:
    async with online(fake, replace(FAST, identify_gap_s=3600.0)):
        fake.invalidate()

        await fake.until(lambda: any(c.session is None and c.frames_at for c in fake.gateway.connections))


async def test_several_shards_are_up_once_all_are() -> None:
    async with discord_at_hand(shards=2) as fake:
        near, far = fake.guild("near", shard=(0, 2)), fake.guild("far", shard=(1, 2))
        alice = fake.person("alice")
        channels = [fake.channel(near, "general"), fake.channel(far, "general")]
        async with online(fake) as ears:
            for channel in channels:
                await fake.say(alice, channel, f"{fake.bot.mention} {channel.id}")

            assert sorted(await ears.intake.texts(2)) == sorted(str(channel.id) for channel in channels)
            assert [identify.shard for identify in fake.identifies] == [(0, 2), (1, 2)]
            assert len(fake.called("GET /gateway/bot")) == 1


async def test_two_processes_listen_to_a_shard_each() -> None:
    async with discord_at_hand(shards=2) as fake:
        ana = fake.person("ana")
        lobbies = [
            fake.channel(fake.guild(f"on shard {shard}", shard=(shard, 2)), "lobby") for shard in (0, 1)
        ]
        one = listening(fake, FAST, shard_count=2, shard_ids=(0,))
        other = listening(fake, FAST, shard_count=2, shard_ids=(1,))
        async with one as first, other as second:
            await first.up()
            await second.up()
            for number, lobby in enumerate(lobbies):
                await fake.say(ana, lobby, f"{fake.bot.mention} to shard {number}")

            assert await first.intake.texts(1) == ["to shard 0"]
            assert await second.intake.texts(1) == ["to shard 1"]
        assert sorted(identify.shard for identify in fake.identifies) == [(0, 2), (1, 2)]


def test_a_shard_beyond_the_count_is_refused() -> None:
    with pytest.raises(ValueError, match="below shard_count"):
        DiscordSettings(shard_count=2, shard_ids=(2,))
