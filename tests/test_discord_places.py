"""Where the bot listens on Discord: channels without a mention, threads of their own, forums, voice, other bots."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr, ValidationError

from bots.discord.events.address import Address
from bots.discord.settings import DiscordSettings
from core.domain import Command, Commanded, Footer, Said
from tests.discord_listening import Listening, discord_at_hand, online
from tests.fakes import FakeLedger
from tests.platforms.discord import ANNOUNCEMENT, FORUM, VOICE, Channel, FakeDiscord, Permission, Person

OPEN_THREAD = "POST /channels/{}/messages/{}/threads"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def lobby(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "lobby")


@pytest.fixture
def ana(fake: FakeDiscord) -> Person:
    return fake.person("ana")


async def show(ears: Listening, said: Said, text: str) -> None:
    ledger = FakeLedger()
    for _ in questions(ears):  # a nonce of its own for each answer
        await ledger.intend(0)
        await ledger.forget(0)
    async with ears.frontend.reply_to(said.address, ledger) as surface:
        await surface.write(text)
        await surface.finish(Footer())


def questions(ears: Listening) -> list[Said]:
    return [event for event in ears.intake.events if isinstance(event, Said)]


# -- channels in which everything is a question -------------------------------------------------------


async def test_where_the_bot_answers_everything_nobody_has_to_mention_it(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    assert lobby.guild is not None
    other = fake.channel(lobby.guild, "other")
    robot = fake.person("robot", bot=True)
    async with online(fake, channels_without_mention=[lobby.id]) as ears:
        await fake.say(ana, other, "not there")
        await fake.say(robot, lobby, "from a bot")
        await fake.say(fake.bot, lobby, "from ourselves")
        await fake.say(ana, lobby, "from a hook", webhook=True)
        await fake.say(ana, lobby, "joined", kind=7)
        await fake.say(ana, lobby, "one")
        await fake.say(ana, lobby, f"{fake.bot.mention} two")
        await fake.say(ana, fake.thread(lobby, "talk", by=ana), "three")

        assert sorted(await ears.intake.texts(3)) == ["one", "three", "two"]


async def test_a_forum_can_be_such_a_place_in_whichever_order_its_events_come(ana: Person) -> None:
    for message_first in (False, True):
        async with discord_at_hand(forum_post_message_first=message_first) as fake:
            forum, asker = fake.channel(fake.guild("Gophers"), "help", FORUM), fake.person("ana")
            async with online(fake, channels_without_mention=[str(forum.id)]) as ears:
                thread, _ = fake.post(forum, asker, "A question", "why?")
                said = await ears.intake.first()
                await show(ears, said, "Because.")

                assert (said.place.channel, said.place.thread) == (str(forum.id), str(thread.id))
                assert [seen.content for seen in fake.answers(thread)] == ["Because."]


async def test_a_thread_that_discord_did_not_announce_is_looked_up_once(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    assert lobby.guild is not None
    other = fake.channel(lobby.guild, "other")
    mine, theirs = fake.thread(lobby, "one", by=ana), fake.thread(other, "two", by=ana)
    for thread in (mine, theirs):
        fake.archive(thread)
    async with online(fake, channels_without_mention=[str(lobby.id)]) as ears:
        with fake.events.muffled():
            for thread in (mine, theirs):
                fake.unarchive(thread)
        for number in range(2):
            await fake.say(ana, theirs, f"not heard {number}")
            await fake.say(ana, mine, f"heard {number}")

        assert await ears.intake.texts(2) == ["heard 0", "heard 1"]


def test_such_channels_need_the_content_of_messages() -> None:
    with pytest.raises(ValidationError, match="message_content = true"):
        DiscordSettings(channels_without_mention=("1200000000000000001",), message_content=False)


def test_what_is_no_id_is_refused_with_a_way_to_find_one() -> None:
    with pytest.raises(ValidationError, match="Copy ID"):
        DiscordSettings.model_validate({"command_servers": ["Gophers"]})


async def test_a_refused_intent_is_said_with_the_channels_that_need_it(fake: FakeDiscord) -> None:
    async with discord_at_hand(message_content=False) as strict:
        lobby, ana = strict.channel(strict.guild("Gophers"), "lobby"), strict.person("ana")
        with structlog.testing.capture_logs() as logs:
            async with online(strict, channels_without_mention=[str(lobby.id)]) as ears:
                await strict.say(ana, lobby, "unreadable")
                await strict.say(ana, lobby, f"{strict.bot.mention} hello")
                await strict.say(ana, strict.dm(ana), "and here")
                assert sorted(await ears.intake.texts(2)) == ["and here", "hello"]

    told = " ".join(str(line.get("sentence")) for line in logs)
    assert "Developer Portal" in told
    assert "[discord] channels_without_mention" in told


# -- a thread for each question -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, ANNOUNCEMENT])
async def test_a_question_is_answered_in_a_thread_in_which_it_goes_on_without_a_mention(
    fake: FakeDiscord, ana: Person, kind: int
) -> None:
    lobby = fake.channel(fake.guild("Gophers"), "lobby", kind)
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why is the sky blue? " + "really " * 30)
        said = await ears.intake.first()
        assert not fake.called(OPEN_THREAD)  # stored first
        await show(ears, said, "Because.")

        thread = question.thread
        assert thread is not None
        assert said.place.thread == str(thread.id)
        assert thread.name.startswith("why is the sky blue? really")
        assert len(thread.name) <= 100
        assert [seen.content for seen in fake.answers(thread) if seen.kind != 21] == ["Because."]
        assert fake.answers(lobby) == []

        await fake.say(ana, thread, "and at night?")
        await ears.intake.texts(2)
        assert questions(ears)[1].place == said.place
        await show(ears, questions(ears)[1], "Then it is not.")
        assert fake.answers(thread)[-1].content == "Then it is not."


async def test_an_address_holds_none_of_the_question_and_the_thread_is_still_named_after_it(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        words = "why is the sky blue? " * 9
        ben = fake.person("ben", nick="Benny")
        question = await fake.say(ana, lobby, f"{fake.bot.mention} {ben.mention} asks: {words}")
        said = await ears.intake.first()
        await show(ears, said, "Because.")

        assert "sky" not in said.address
        assert question.thread is not None
        assert question.thread.name == f"{f'@Ben asks: {words}'[:79].rstrip()}…"


async def test_a_question_that_can_no_longer_be_read_still_gets_its_thread(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        fake.deny(lobby, Permission.READ_MESSAGE_HISTORY)
        await show(ears, said, "Because.")

        assert question.thread is not None
        assert question.thread.name == "…"


async def test_a_thread_that_is_there_already_is_used(fake: FakeDiscord, lobby: Channel, ana: Person) -> None:
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        thread = fake.thread(question, "hers", by=ana)
        await show(ears, await ears.intake.first(), "Because.")

        assert [seen.content for seen in fake.answers(thread)] == ["Because."]


async def test_a_thread_is_opened_once_whichever_process_goes_on(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    ledger = FakeLedger()
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        fake.lose_response(OPEN_THREAD)
        async with ears.frontend.reply_to(said.address, ledger) as surface:
            await surface.write("Be")
            await surface.pause()
    async with online(fake, thread_per_question=True) as ears:
        async with ears.frontend.reply_to(said.address, ledger.reopened()) as surface:
            await surface.write("Because.")
            await surface.finish(Footer())

        assert question.thread is not None
        assert [seen.content for seen in fake.answers(question.thread)] == ["Because."]


@pytest.mark.parametrize("denied", [Permission.CREATE_PUBLIC_THREADS, Permission.SEND_MESSAGES_IN_THREADS])
async def test_where_no_thread_may_be_opened_the_answer_stands_in_the_channel(
    fake: FakeDiscord, lobby: Channel, ana: Person, denied: Permission
) -> None:
    fake.deny(lobby, denied)
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        await show(ears, said, "Because.")

        assert said.place.thread == ""
        assert [(seen.content, seen.reply_to) for seen in fake.answers(lobby)] == [("Because.", question.id)]
        assert not fake.called(OPEN_THREAD)


async def test_a_right_that_was_lost_meanwhile_loses_no_answer(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        fake.deny(lobby, Permission.CREATE_PUBLIC_THREADS)
        await show(ears, said, "Because.")

        assert [(seen.content, seen.reply_to) for seen in fake.answers(lobby)] == [("Because.", question.id)]


async def test_a_waiting_question_is_signed_where_it_stands_and_its_surroundings_are_read_there(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        first = await fake.say(ana, lobby, "the sky is blue")
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?", reply_to=first)
        said = await ears.intake.first()

        assert await ears.frontend.sign(said.address)
        assert question.reactions
        around = await ears.frontend.surroundings(said.address, 5)
        assert [quote.text for quote in around] == ["the sky is blue"]


async def test_commands_threads_and_direct_messages_open_no_thread(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        await fake.say(ana, lobby, f"{fake.bot.mention} reset")
        await fake.say(ana, fake.thread(lobby, "talk", by=ana), f"{fake.bot.mention} why?")
        await fake.say(ana, fake.dm(ana), "why?")
        await ears.intake.texts(3)

        assert not any(
            Address.parse(event.address).opens for event in ears.intake.events if hasattr(event, "address")
        )


# -- other places -------------------------------------------------------------------------------------


async def test_the_text_of_a_voice_channel_is_a_place_like_any_other(fake: FakeDiscord, ana: Person) -> None:
    voice = fake.channel(fake.guild("Gophers"), "talk", VOICE)
    async with online(fake, thread_per_question=True) as ears:
        await fake.say(ana, voice, f"{fake.bot.mention} why?")
        said = await ears.intake.first()
        await show(ears, said, "Because.")

        assert said.place.channel == str(voice.id)
        assert [seen.content for seen in fake.answers(voice)] == ["Because."]


async def test_a_forwarded_message_is_read(fake: FakeDiscord, lobby: Channel, ana: Person) -> None:
    original = await fake.say(ana, lobby, "E = mc²")
    async with online(fake) as ears:
        await fake.forward(ana, original, fake.dm(ana))

        assert await ears.intake.texts(1) == ["[forwarded message]\n> E = mc²"]


async def test_home_is_no_command_here(fake: FakeDiscord, ana: Person) -> None:
    async with online(fake) as ears:
        await fake.say(ana, fake.dm(ana), "home")
        await fake.say(ana, fake.dm(ana), "help")
        await ears.intake.texts(2)

        assert isinstance(ears.intake.events[0], Said)
        assert isinstance(ears.intake.events[1], Commanded)
        assert ears.intake.events[1].command is Command.HELP


# -- other bots ---------------------------------------------------------------------------------------


class Parrot:
    """Answers whatever it hears with a mention of everybody who could be drawn into a loop."""

    def __init__(self, ears: Listening, text: str) -> None:
        self._ears = ears
        self._text = text
        self.answered = 0

    async def answer_all(self, expected: int) -> None:
        while self.answered < expected:  # no deadline: `texts` has one
            await self._ears.intake.texts(self.answered + 1)
            await show(self._ears, questions(self._ears)[self.answered], self._text)
            self.answered += 1


async def test_two_of_our_bots_in_one_channel_do_not_start_a_loop(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    sibling = fake.person("sibling", bot=True)
    options: dict[str, Any] = {"channels_without_mention": [str(lobby.id)]}
    async with online(fake, **options) as one, online(fake, **options) as other:
        text = f"{fake.bot.mention} {sibling.mention} what do you think?"
        await fake.say(ana, lobby, f"{fake.bot.mention} hello")
        await asyncio.gather(Parrot(one, text).answer_all(1), Parrot(other, text).answer_all(1))
        for answer in fake.answers(lobby):  # what the sibling says to our bot, and by a hook
            await fake.say(sibling, lobby, text, reply_to=answer)
            await fake.say(sibling, lobby, text, webhook=True)
        await fake.say(ana, lobby, "the end")
        await asyncio.gather(one.intake.texts(2), other.intake.texts(2))

        for ears in (one, other):
            assert [said.text for said in questions(ears)] == ["hello", "the end"]


def test_the_settings_take_ids_as_numbers_and_as_text() -> None:
    settings = DiscordSettings.model_validate(
        {"token": SecretStr("x"), "channels_without_mention": [1200000000000000001, "1200000000000000002"]}
    )

    assert settings.channels_without_mention == ("1200000000000000001", "1200000000000000002")
