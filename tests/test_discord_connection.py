"""How the Discord frontend connects, and says why it can't: with the unmodified discord.py."""

from collections.abc import AsyncIterator

import pytest
import structlog

from bots.discord.transport.timing import Timing
from core.domain import FrontendRefused, FrontendUnreachable
from tests.discord_listening import Listening, discord_at_hand, listening, online
from tests.fakes import FakeClock
from tests.platforms.discord import FakeDiscord

WITH_CONTENT, WITHOUT_CONTENT = 37377, 4609


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


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


async def test_a_program_that_restarts_again_and_again_leaves_the_token_some_of_the_days_connections(
    fake: FakeDiscord,
) -> None:
    clock = FakeClock()
    day = Timing(identify_gap_s=0.0, guild_ready_s=0.0, drain_s=1.0, now=clock.now, sleep=clock.sleep)
    fake.gateway.starts_left = 100
    async with listening(fake, day) as ears:
        await ears.watch.until(lambda: ears.watch.states)
        error = ears.watch.states[0]
        assert isinstance(error, FrontendUnreachable)
        assert error.retry_after_s == pytest.approx(864)
        assert not fake.identifies

        await clock.advance(865)
        await ears.watch.until(lambda: "up" in ears.watch.states)
        assert len(fake.identifies) == 1


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


@pytest.mark.parametrize("code", [4010, 4011])
async def test_shards_that_discord_refuses_are_told_with_their_setting(fake: FakeDiscord, code: int) -> None:
    fake.refuse_identify(code)
    async with listening(fake) as ears:
        error = await ears.error()

    assert isinstance(error, FrontendRefused)
    assert error.setting == "[discord] shard_count"
