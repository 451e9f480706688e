"""Titles and suggestions: after the answer, where the platform has a place for them, and never in its way."""

from __future__ import annotations

from typing import Any

import pytest

from bots.discord.events.address import Address as DiscordAddress
from bots.slack.events.address import Address
from core.domain import PlatformError, Said, SettingRefused
from core.i18n.settings import RepliesSettings
from core.niceties.follow_up import check
from core.settings import AivaxSettings
from sandbox.faults import Fault
from sandbox.shapes import CHOICES, Shapes
from tests.discord_listening import discord_at_hand, online
from tests.platforms.slack import FakeSlack
from tests.samples import ANA, BEN, CHANNEL, DIRECT, said
from tests.slack_ears import ears
from tests.stage import FakePlatform, Stage, staged
from tests.test_discord_places import show
from tests.waiting import until

BOTH: dict[str, Any] = {"replies": {"titles": True, "suggestions": True}}
PROMPTS = tuple(f"{how} about tell me of cats?" for how in ("Why", "What more", "Who knows"))


async def adorned(stage: Stage, times: int = 1) -> list[tuple[str, str, tuple[str, ...]]]:
    """What places were named and given, once it happened so often."""
    found = stage.platform.adorned
    await until(f"{times} adornments", lambda: len(found) >= times)
    return found


@pytest.mark.parametrize("shape", CHOICES["chat_helpers"])
async def test_a_new_conversation_is_named_and_what_comes_next_suggested(
    migrated_url: str, shape: str
) -> None:
    async with staged(migrated_url, **BOTH) as stage:
        stage.sandbox.state.shapes = Shapes(chat_helpers=shape)  # type: ignore[arg-type]
        await stage.hear(said("tell me of cats"))
        first = (await adorned(stage))[0]
        await stage.hear(said("and dogs"))
        again = (await adorned(stage, 2))[1]

    assert first == (DIRECT.channel, "About tell me of cats", PROMPTS)
    assert again[1] == ""
    assert again[2][0] == "Why about and dogs?"


async def test_each_person_s_own_words_alone_are_sent_for_their_place(migrated_url: str) -> None:
    async with staged(migrated_url, **BOTH) as stage:
        await stage.hear(said("a secret of Ana", by=ANA), said("hello", by=BEN, at=CHANNEL))
        await adorned(stage, 2)
        calls = stage.sandbox.state.calls.described()
        bodies = [str(each["body"]) for each in calls if "chat-utilities" in each["path"]]

    assert len(bodies) == 4
    assert not any("secret" in each and "hello" in each for each in bodies)


async def test_where_aivax_gives_none_the_title_is_the_question_and_nobody_is_told(migrated_url: str) -> None:
    async with staged(migrated_url, **BOTH) as stage:
        stage.sandbox.state.faults.add(Fault("utilities", "status", status=404, times=9))
        await stage.hear(said("tell me\n of cats " + "and more " * 20))
        place, title, prompts = (await adorned(stage))[0]

    assert title.startswith("tell me of cats and more")
    assert len(title) <= 80
    assert prompts == ()
    assert len(stage.platform.visible(place)) == 1


async def test_an_answer_waits_for_none_of_it(migrated_url: str) -> None:
    async with staged(migrated_url, **BOTH) as stage:
        stage.sandbox.state.faults.add(Fault("utilities", "silence"))
        await stage.hear(said("tell me of cats"))

        assert await stage.states() == ["answered"]
        assert len(stage.platform.visible(DIRECT.channel)) == 1
        assert stage.platform.adorned == []


async def test_a_platform_that_fails_at_it_stops_nothing(migrated_url: str) -> None:
    class Failing(FakePlatform):
        async def adorn(self, address: str, title: str, prompts: Any) -> None:
            await super().adorn(address, title, prompts)
            raise PlatformError("fake", code="broken")

    async with staged(migrated_url, platform=Failing(), **BOTH) as stage:
        await stage.hear(said("one"), said("two"))

        assert len(await adorned(stage, 2)) == 2


async def test_all_of_it_is_off_unless_it_is_set(migrated_url: str) -> None:
    async with staged(migrated_url) as stage:
        await stage.hear(said("tell me of cats"))
        paths = stage.sandbox.state.calls.paths()

    assert not any("chat-utilities" in each for each in paths)
    assert stage.platform.adorned == []


async def test_another_server_gives_titles_of_the_question_s_words(migrated_url: str) -> None:
    key = {"api_key": "pk-aiv-sandbox", "model": "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3"}
    async with staged(migrated_url, aivax=key, replies={"titles": True}) as stage:
        await stage.hear(said("tell me of cats"))

        assert await adorned(stage) == [(DIRECT.channel, "tell me of cats", ())]


def test_suggestions_that_can_not_be_are_refused_before_the_start() -> None:
    replies = RepliesSettings(suggestions=True)
    with pytest.raises(SettingRefused, match="private key"):
        check(replies, AivaxSettings(api_key="pk-aiv-x"))  # type: ignore[arg-type]
    check(RepliesSettings(titles=True), AivaxSettings(api_key="pk-aiv-x"))  # type: ignore[arg-type]


async def test_slack_names_a_thread_of_the_assistant_anew_and_offers_what_comes_next() -> None:
    async with FakeSlack() as slack, ears(slack) as here:
        direct = slack.dm(here.ana)
        ts = await slack.say(here.ana, direct, "tell me of cats")
        said_there = (await here.heard(Said, 1))[0]
        await slack.until(lambda: slack.calls_of("assistant.threads.setTitle"))
        await here.frontend.adorn(said_there.address, "About <cats>", ("Why?", "x" * 150))
        title, prompts = slack.world.sessions[direct.id, ts].title, slack.prompts(direct, ts)

        general = slack.channel("general")
        calls = len(slack.calls_of("assistant.threads.setTitle"))
        in_channel = str(Address(general.id, slack.workspace.id, ts, ts, here.ana.id))
        await here.frontend.adorn(in_channel, "Nothing", ("Why?",))

        assert title == "About \u2039cats>"
        assert prompts[0] == "Why?"
        assert len(prompts[1]) == 75
        assert len(slack.calls_of("assistant.threads.setTitle")) == calls


async def test_discord_names_a_thread_that_it_opened_and_no_other_place() -> None:
    async with discord_at_hand() as fake:
        ana, lobby = fake.person("ana"), fake.channel(fake.guild("Gophers"), "lobby")
        async with online(fake, thread_per_question=True) as ears_:
            question = await fake.say(ana, lobby, f"{fake.bot.mention} tell me of cats")
            heard = await ears_.intake.first()
            await show(ears_, heard, "Of cats.")
            await ears_.frontend.adorn(heard.address, "About cats", ("Why?",))
            await ears_.frontend.adorn(str(DiscordAddress(channel=lobby.id)), "Nothing", ())

            assert question.thread is not None
            assert question.thread.name == "About cats"
            assert lobby.name == "lobby"
