"""What becomes of messages and servers on Discord, as the core is told of it."""

from collections.abc import AsyncIterator

import pytest

from core.domain import Deleted, Edited, Left, Said
from tests.discord_listening import discord_at_hand, online
from tests.platforms.discord import Channel, FakeDiscord, Person


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
def general(fake: FakeDiscord) -> Channel:
    return fake.channel(fake.guild("Gophers"), "general")


@pytest.fixture
def ana(fake: FakeDiscord) -> Person:
    return fake.person("ana")


async def test_an_edit_is_told_with_the_new_words(fake: FakeDiscord, general: Channel, ana: Person) -> None:
    async with online(fake) as ears:
        question = await fake.say(ana, general, f"{fake.bot.mention} 2 + 2?")
        await fake.edit(ana, question, f"{fake.bot.mention} 2 + 3?")
        await ears.intake.until(lambda: len(ears.intake.events) == 2)
        said, edited = ears.intake.events

        assert isinstance(said, Said)
        assert isinstance(edited, Edited)
        assert (edited.text, edited.origin, edited.place) == ("2 + 3?", said.origin, said.place)
        assert edited.author.identity == said.author.identity
        assert edited.keys[0].startswith(f"discord:{question.id}:edit:")


async def test_previews_pins_threads_and_reactions_are_no_edits(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        question = await fake.say(ana, general, f"{fake.bot.mention} see https://x.test")
        await fake.unfurl(question)
        await fake.pin(question)
        await fake.react(ana, question, "👍")
        fake.thread(question, "more", by=ana)
        await fake.say(ana, general, f"{fake.bot.mention} the end")

        assert await ears.intake.texts(2) == ["see https://x.test", "the end"]


async def test_a_preview_after_an_edit_is_no_edit_and_for_another_process_the_same_again(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        question = await fake.say(ana, general, f"{fake.bot.mention} one")
        await fake.edit(ana, question, f"{fake.bot.mention} two")
        await fake.unfurl(question)
        await fake.say(ana, general, f"{fake.bot.mention} the end")
        await ears.intake.until(lambda: len(ears.intake.events) == 3)
    async with online(fake) as others:
        others.intake.seen.add(f"discord:{question.id}")
        await fake.pin(question)
        await others.intake.until(lambda: len(others.intake.events) == 2)

    _, edit, end = ears.intake.events
    assert isinstance(end, Said)
    assert others.intake.events[1].keys == edit.keys


async def test_taking_the_mention_out_of_a_question_is_an_edit_of_it(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        question = await fake.say(ana, general, f"{fake.bot.mention} never mind")
        await fake.edit(ana, question, "never mind, found it")
        await ears.intake.until(lambda: len(ears.intake.events) == 2)
        edited = ears.intake.events[1]

        assert isinstance(edited, Edited)
        assert edited.text == "never mind, found it"


async def test_edits_of_what_was_not_said_to_the_bot_are_nobodys_business(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    robot = fake.person("robot", bot=True)
    async with online(fake) as ears:
        for author in (ana, robot):
            chat = await fake.say(author, general, "among ourselves")
            await fake.edit(author, chat, "still among ourselves")
        own = await fake.say(fake.bot, general, "an answer")
        await fake.edit(fake.bot, own, f"an answer to {fake.bot.mention}")
        await fake.say(ana, general, f"{fake.bot.mention} the end")

        assert await ears.intake.texts(1) == ["the end"]


async def test_deletions_are_told_one_by_one_and_in_bulk(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    thread = fake.thread(general, "a thread", by=ana)
    async with online(fake) as ears:
        one, two, three = [await fake.say(ana, thread, f"{fake.bot.mention} {n}") for n in range(3)]
        await fake.delete(ana, one)
        await fake.bulk_delete(two, three)
        private = await fake.say(ana, fake.dm(ana), "in private")
        await fake.delete(ana, private)
        await ears.intake.until(lambda: sum(isinstance(e, Deleted) for e in ears.intake.events) == 3)

        guild = str(general.guild.id) if general.guild else ""
        gone = {event.origins: event for event in ears.intake.events if isinstance(event, Deleted)}
        assert gone[(str(one.id),)].keys == (f"discord:{one.id}:deleted",)
        assert (gone[(str(one.id),)].workspace, gone[(str(one.id),)].channel) == (guild, str(thread.id))
        assert (str(two.id), str(three.id)) in gone
        assert gone[(str(private.id),)].workspace == ""


async def test_a_change_comes_after_the_message_that_it_changes(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    async with online(fake) as ears:
        ears.intake.held.clear()
        question = await fake.say(ana, general, f"{fake.bot.mention} one")
        await ears.intake.until(lambda: ears.intake.asked)
        await fake.edit(ana, question, f"{fake.bot.mention} two")
        await fake.delete(ana, question)
        ears.intake.held.set()
        await ears.intake.until(lambda: len(ears.intake.events) == 3)

        assert [type(event) for event in ears.intake.events] == [Said, Edited, Deleted]


async def test_a_server_that_removes_the_bot_is_left_and_an_outage_of_it_is_not(
    fake: FakeDiscord, general: Channel, ana: Person
) -> None:
    gophers = general.guild
    assert gophers is not None
    async with online(fake) as ears:
        await fake.say(ana, general, f"{fake.bot.mention} one")
        await ears.intake.texts(1)
        fake.outage(gophers)
        fake.restore(gophers)
        await fake.say(ana, general, f"{fake.bot.mention} two")
        await ears.intake.texts(2)
        assert not any(isinstance(event, Left) for event in ears.intake.events)

        fake.kick_bot(gophers)
        await ears.intake.until(lambda: any(isinstance(event, Left) for event in ears.intake.events))
        left = next(event for event in ears.intake.events if isinstance(event, Left))
        assert (left.platform, left.workspace) == ("discord", str(gophers.id))
