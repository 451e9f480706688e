"""How the Discord frontend stays connected, and comes back: with the unmodified discord.py."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bots.discord.settings import DiscordSettings
from bots.discord.transport.timing import Timing
from core.domain import FrontendUnreachable, Said
from tests.discord_listening import FAST, Listening, discord_at_hand, listening, online
from tests.platforms.discord import FakeDiscord

HISTORY = "GET /channels/{}/messages"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


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


async def test_a_session_that_begins_in_a_broken_way_ends_this_listening_only(fake: FakeDiscord) -> None:
    alice = fake.person("alice")
    async with online(fake) as ears:
        fake.dispatch("READY", {"v": 10})
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
        while not ears.task.done():  # no deadline: `fake.until` has one
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


@pytest.mark.parametrize("shard", [0, 1])
async def test_a_process_with_one_shard_comes_back_to_the_same_gateway(shard: int) -> None:
    """After a session that is gone, and after a resume that could not connect: never to Discord's own address."""
    async with discord_at_hand(shards=2) as fake:
        ana = fake.person("ana")
        lobby = fake.channel(fake.guild("far", shard=(shard, 2)), "lobby")
        async with online(fake, shard_count=2, shard_ids=(shard,)) as ears:
            fake.invalidate()
            await fake.until(lambda: len(fake.identifies) == 2)
            await fake.online()
            fake.refuse_gateway(times=1)
            fake.drop_gateway()
            await fake.until(lambda: len(fake.identifies) == 3)
            await fake.online()
            await fake.say(ana, lobby, f"{fake.bot.mention} still there?")

            assert await ears.intake.texts(1) == ["still there?"]
            assert {identify.shard for identify in fake.identifies} == {(shard, 2)}


async def test_a_resume_that_can_not_connect_begins_anew_and_misses_nothing(fake: FakeDiscord) -> None:
    general, ana = fake.channel(fake.guild("Gophers"), "general"), fake.person("ana")
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} before")
        await ears.intake.texts(1)
        fake.refuse_gateway(times=1)
        fake.drop_gateway()
        await fake.say(ana, general, f"{fake.bot.mention} meanwhile")
        await fake.until(lambda: len(fake.identifies) == 2)

        await ears.intake.until(lambda: "meanwhile" in _said(ears))
        assert not fake.resumes


async def test_a_connection_that_falls_silent_is_given_up_and_resumed() -> None:
    async with discord_at_hand(heartbeat_interval_s=0.1) as quick:
        ana = quick.person("ana")
        async with online(quick, replace(FAST, heartbeat_timeout_s=0.5)) as ears:
            quick.mute()
            await quick.say(ana, quick.dm(ana), "is anybody there?")

            assert await ears.intake.texts(1) == ["is anybody there?"]
            assert [resume.accepted for resume in quick.resumes] == [True]


async def test_a_shard_that_is_told_to_reconnect_resumes_by_itself() -> None:
    async with discord_at_hand(shards=2) as fake:
        ana = fake.person("ana")
        lobbies = [fake.channel(fake.guild(f"on {n}", shard=(n, 2)), "lobby") for n in (0, 1)]
        async with online(fake) as ears:
            fake.ask_reconnect(shard=1)
            await fake.until(lambda: fake.resumes)
            for number, lobby in enumerate(lobbies):
                await fake.say(ana, lobby, f"{fake.bot.mention} to shard {number}")

            assert sorted(await ears.intake.texts(2)) == ["to shard 0", "to shard 1"]
            assert len(fake.identifies) == 2


@pytest.mark.parametrize("resumable", [True, False])
async def test_an_invalid_session_is_resumed_where_that_is_allowed(
    fake: FakeDiscord, resumable: bool
) -> None:
    general, ana = fake.channel(fake.guild("Gophers"), "general"), fake.person("ana")
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} before")
        await ears.intake.texts(1)
        fake.invalidate(resumable=resumable)
        await fake.say(ana, general, f"{fake.bot.mention} meanwhile")

        await ears.intake.until(lambda: "meanwhile" in _said(ears))
        assert len(fake.identifies) == (1 if resumable else 2)


@pytest.mark.parametrize("code", [1000, 1001, 4000, 4007, 4008, 4009])
async def test_a_closed_connection_comes_back(fake: FakeDiscord, code: int) -> None:
    ana = fake.person("ana")
    async with online(fake) as ears:
        fake.close_gateway(code)
        await fake.until(lambda: fake.resumes)
        await fake.online()
        await fake.say(ana, fake.dm(ana), "hello again")

        assert await ears.intake.texts(1) == ["hello again"]


def _said(ears: Listening) -> list[str]:
    return [event.text for event in ears.intake.events if isinstance(event, Said)]


def test_a_shard_beyond_the_count_is_refused() -> None:
    with pytest.raises(ValueError, match="below shard_count"):
        DiscordSettings(shard_count=2, shard_ids=(2,))


# -- what was missed ---------------------------------------------------------------------------------


async def test_a_session_that_was_lost_is_caught_up_with_and_one_that_resumed_is_not(
    fake: FakeDiscord,
) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    async with online(fake) as ears:
        fake.drop_gateway()
        await fake.say(ana, general, f"{fake.bot.mention} replayed")
        assert await ears.intake.texts(1) == ["replayed"]
        assert not fake.called(HISTORY)

        await fake.online()
        fake.forget_sessions()
        await fake.say(ana, general, f"{fake.bot.mention} missed")
        for connection in fake.gateway.connections:
            connection.drop()
        await ears.intake.until(lambda: "missed" in _said(ears))
        assert [resume.accepted for resume in fake.resumes] == [True, False]


async def test_only_the_shard_that_began_anew_is_looked_through() -> None:
    async with discord_at_hand(shards=2) as fake:
        near, far, ana = fake.guild("near", shard=(0, 2)), fake.guild("far", shard=(1, 2)), fake.person("ana")
        here, there = fake.channel(near, "general"), fake.channel(far, "general")
        async with online(fake) as ears:
            await fake.say(ana, here, f"{fake.bot.mention} heard")
            await ears.intake.texts(1)
            gone = next(session for session in fake.sessions if session.shard == 1)
            fake.gateway.end(gone)
            await fake.say(ana, there, f"{fake.bot.mention} missed")
            assert gone.connection is not None
            gone.connection.drop()

            assert await ears.intake.texts(2) == ["heard", "missed"]
            assert {call.path.split("/")[2] for call in fake.called(HISTORY)} == {str(there.id)}


async def test_a_message_during_a_servers_outage_is_heard_when_it_is_over(fake: FakeDiscord) -> None:
    gophers, ana = fake.guild("Gophers"), fake.person("ana")
    general = fake.channel(gophers, "general")
    async with online(fake) as ears:
        await fake.until(lambda: fake.sessions)
        await fake.say(ana, general, f"{fake.bot.mention} before")
        await ears.intake.texts(1)
        fake.outage(gophers)
        await fake.say(ana, general, f"{fake.bot.mention} meanwhile", unheard=True)
        fake.restore(gophers)

        await ears.intake.until(lambda: "meanwhile" in _said(ears))
        assert not any(type(event).__name__ == "Left" for event in ears.intake.events)
