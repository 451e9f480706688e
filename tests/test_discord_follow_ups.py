"""Threads that somebody else opened from a question, where each question has a thread: the talk goes on in them."""

from collections.abc import AsyncIterator

import pytest

from core.domain import Place, Said
from tests.discord_listening import Listening, discord_at_hand, listening, online
from tests.platforms.discord import Channel, FakeDiscord, Message, Person

FETCH = "GET /channels/{}/messages/{}"


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


def texts(ears: Listening) -> list[str]:
    return [event.text for event in ears.intake.events if isinstance(event, Said)]


async def all_heard(fake: FakeDiscord, ears: Listening, ana: Person) -> list[str]:
    """What was heard by the time that something said last of all is, but for that."""
    await fake.say(ana, fake.dm(ana), "that is all")
    await ears.intake.until(lambda: "that is all" in texts(ears))
    await ears.stop()
    return [text for text in texts(ears) if text != "that is all"]


async def test_in_a_thread_that_its_author_opened_from_a_question_nobody_mentions_the_bot(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake, thread_per_question=True) as ears:
        question = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        await ears.intake.first()
        thread = fake.thread(question, "mine", by=ana)
        await fake.say(ana, thread, "and then?")
        await fake.say(ana, lobby, "not for the bot")
        await fake.say(ana, fake.thread(lobby, "other", by=ana), f"{fake.bot.mention} here?")

        assert await all_heard(fake, ears, ana) == ["why?", "and then?", "here?"]
        said = {event.text: event for event in ears.intake.events if isinstance(event, Said)}
        assert said["and then?"].place == said["why?"].place
        assert not fake.called(FETCH)


@pytest.mark.parametrize("position_only_attempts", [True, False])
async def test_such_a_thread_is_known_after_a_restart_by_the_question_that_it_stands_on(
    fake: FakeDiscord, lobby: Channel, ana: Person, position_only_attempts: bool
) -> None:
    asked = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
    overheard = await fake.say(ana, lobby, "something else")
    threads = [fake.thread(message, "mine", by=ana) for message in (asked, overheard)]
    threads.append(fake.thread(lobby, "from no message", by=ana))
    if not position_only_attempts:
        for thread in threads:
            fake.archive(thread)
    assert lobby.guild is not None
    async with listening(fake, thread_per_question=True, backfill_hours=0) as ears:
        guild = str(lobby.guild.id)
        ears.intake.known = [Place("discord", guild, str(lobby.id), str(thread.id)) for thread in threads]
        ears.intake.known.append(Place("discord", guild, str(lobby.id), "@5"))
        await ears.up()
        for thread in threads:
            for number in (1, 2):
                await fake.say(ana, thread, f"{thread.name} {number} on {thread.id == asked.id}")

        assert await all_heard(fake, ears, ana) == ["mine 1 on True", "mine 2 on True"]
        assert len(fake.called(FETCH)) == len(threads)


async def test_where_questions_have_no_threads_a_mention_is_needed_in_them(
    fake: FakeDiscord, lobby: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        question: Message = await fake.say(ana, lobby, f"{fake.bot.mention} why?")
        await ears.intake.first()
        await fake.say(ana, fake.thread(question, "mine", by=ana), "and then?")

        assert await all_heard(fake, ears, ana) == ["why?"]
