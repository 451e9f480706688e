"""Discord's commands and buttons through the whole core: what people see of them in the end."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.discord.frontend import open_discord
from core.i18n import Phrase
from sandbox.faults import Fault
from tests.discord_listening import FAST, TRANSLATORS, Watch, discord_at_hand, settings
from tests.platforms.discord import CATEGORY, Channel, FakeDiscord, Interaction, Message, Person, Upload
from tests.platforms.discord.files import signed_path
from tests.platforms.discord.view import Seen
from tests.stage import Stage, staged
from tests.waiting import ended

EN = TRANSLATORS.of("en")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
BUTTONS = ["stop", "regenerate", "good", "bad"]


@dataclass
class House:
    """A bot that runs, in one server."""

    fake: FakeDiscord
    stage: Stage
    lobby: Channel
    ana: Person

    async def ask(
        self, question: str, *, private: bool = False, channel: Channel | None = None
    ) -> Interaction:
        given = {"question": question, "private": private}
        return await self.fake.interact(self.ana, channel or self.lobby, "ask", given)

    async def mention(self, words: str, channel: Channel | None = None) -> Message:
        return await self.fake.say(self.ana, channel or self.lobby, f"{self.fake.bot.mention} {words}")

    async def begun(self, channel: Channel | None = None) -> Seen:
        """The answer that is being written."""

        def found() -> Any:
            seen = self.fake.answers(channel or self.lobby, self.ana)
            return next((each for each in seen if each.content and self._is_written(each)), None)

        return await self.fake.until(found)

    def hold(self) -> None:
        """Let the next answer stand still after its first words."""
        self.stage.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=8))

    async def seen(self, text: str, channel: Channel | None = None, to: Person | None = None) -> Seen:
        """The bot's message with that text, when it has no more to be done."""

        def found() -> Any:
            seen = self.fake.answers(channel or self.lobby, to or self.ana)
            return next((each for each in seen if text in each.content and not self._is_written(each)), None)

        return await self.fake.until(found)

    def _is_written(self, seen: Seen) -> bool:
        return any(":stop:" in (button.custom_id or "") for button in seen.buttons)

    async def press(self, seen: Seen, label: str) -> Interaction:
        button = next(button for button in seen.buttons if button.label == label)
        await self.stage.rest()  # what is shown is also stored
        return await self.fake.click(self.ana, seen, button.custom_id or "")

    async def stop(self, seen: Seen) -> None:
        await self.fake.click(self.ana, seen, seen.buttons[0].custom_id or "")


@asynccontextmanager
async def running(fake: FakeDiscord, url: str, **sections: Any) -> AsyncIterator[Stage]:
    replies = {"buttons": BUTTONS, **sections.pop("replies", {})}
    async with open_discord(settings(fake), FAST) as frontend:
        platform: Any = frontend
        async with staged(url, platform=platform, replies=replies, **sections) as stage:
            watch = Watch()
            listening = asyncio.create_task(frontend.listen(stage.core.intake, watch))
            await watch.until(lambda: watch.states)
            await fake.until(lambda: fake.commands.get(None))
            try:
                yield stage
            finally:
                listening.cancel()
                await ended(listening)


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as server:
        yield server


@pytest.fixture
async def house(fake: FakeDiscord, url: str) -> AsyncIterator[House]:
    lobby, ana = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ana")
    async with running(fake, url) as stage:
        yield House(fake, stage, lobby, ana)


async def test_a_command_is_answered_where_discord_said_that_the_bot_thinks(house: House) -> None:
    asked = await house.ask("what is up?")
    answer = await house.seen("what is up?")

    assert asked.original is not None
    assert answer.id == asked.original.id
    assert [button.label for button in answer.buttons] == [
        EN.say(phrase) for phrase in (Phrase.REGENERATE_BUTTON, Phrase.GOOD_BUTTON, Phrase.BAD_BUTTON)
    ]


async def test_what_was_asked_in_private_is_no_context_of_what_is_asked_in_public(house: House) -> None:
    await house.ask("the secret word is rhubarb", private=True)
    await house.seen("rhubarb")
    await house.ask("which word?")
    await house.seen("which word?")

    said = [message["content"] for message in house.stage.asked[-1]["messages"]]
    assert not any("rhubarb" in str(content) for content in said)
    assert house.fake.answers(house.lobby) == [
        seen for seen in house.fake.answers(house.lobby, house.ana) if not seen.private
    ]


async def test_an_answer_of_before_a_restart_is_judged_and_given_again(url: str) -> None:
    async with discord_at_hand() as fake:
        lobby, ana = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ana")
        async with running(fake, url) as stage:
            before = House(fake, stage, lobby, ana)
            await before.ask("why?")
            answer = await before.seen("why?")
        async with running(fake, url) as stage:
            after = House(fake, stage, lobby, ana)
            await after.press(answer, EN.say(Phrase.GOOD_BUTTON))
            await after.seen(EN.say(Phrase.FEEDBACK_DONE))
            await after.press(answer, EN.say(Phrase.REGENERATE_BUTTON))
            await fake.until(
                lambda: len([seen for seen in fake.answers(lobby) if "why?" in seen.content]) == 2
            )
            await stage.rest()

        assert fake.message(answer).content == answer.content


async def test_the_other_commands_answer_their_author_alone(house: House) -> None:
    for command in ("reset", "stop", "usage", "help", "privacy", "model"):
        given = await house.fake.interact(house.ana, house.lobby, command)
        await house.fake.until(lambda given=given: given.original and given.original.content)

        assert given.original is not None
        assert given.original.ephemeral
    assert house.fake.answers(house.lobby) == []


async def test_what_is_stored_can_be_deleted_by_the_button_below_it(house: House) -> None:
    await house.ask("remember me")
    await house.seen("remember me")
    await house.fake.interact(house.ana, house.lobby, "privacy")
    page = await house.seen(EN.say(Phrase.PRIVACY)[:40])
    await house.press(page, EN.say(Phrase.FORGET_BUTTON))
    await house.seen("Done")
    await house.stage.rest()

    assert not any(
        text and "remember" in text for text in await house.stage.rows("SELECT text FROM messages")
    )


# -- in mid-answer ------------------------------------------------------------------------------------


async def test_the_button_below_an_answer_stops_it_and_another_one_gives_it_again(house: House) -> None:
    house.hold()
    await house.mention("tell me a story")
    await house.stop(await house.begun())
    stopped = await house.seen(EN.say(Phrase.STOPPED))
    await house.press(stopped, EN.say(Phrase.REGENERATE_BUTTON))
    again = await house.seen("tell me a story")

    assert [button.label for button in stopped.buttons] == [EN.say(Phrase.REGENERATE_BUTTON)]
    assert house.fake.message(stopped).content == stopped.content
    assert again.reply_to == stopped.reply_to


async def test_what_a_changed_question_was_answered_ends_and_the_new_words_are_answered(
    house: House,
) -> None:
    house.hold()
    question = await house.mention("old words")
    await house.begun()
    await house.fake.edit(house.ana, question, f"{house.fake.bot.mention} new words")
    ended = await house.seen(EN.say(Phrase.QUESTION_CHANGED))
    answer = await house.seen("new words")

    assert ended.buttons == ()
    assert answer.reply_to == ended.reply_to == question.id
    assert [message["content"] for message in house.stage.asked[-1]["messages"]][-1] == "new words"


async def test_a_mention_that_an_edit_adds_is_answered_once_whatever_is_previewed_meanwhile(
    house: House,
) -> None:
    house.hold()
    question = await house.fake.say(house.ana, house.lobby, "what is https://example.test/x?")
    await house.fake.edit(house.ana, question, f"{house.fake.bot.mention} what is https://example.test/x?")
    written = await house.begun()
    await house.fake.unfurl(question)
    await house.fake.say(house.fake.person("ben"), house.lobby, f"{house.fake.bot.mention} the end")
    await house.seen("the end")
    await house.stop(written)
    await house.stage.rest()

    answers = [seen for seen in house.fake.answers(house.lobby, house.ana) if seen.reply_to == question.id]
    assert [seen.id for seen in answers] == [written.id]
    assert len(house.stage.asked) == 2


async def test_what_an_app_reports_reaches_the_model_with_its_picture(house: House) -> None:
    robot = house.fake.person("alertbot", bot=True)
    shot = house.fake.world.attach(house.lobby, Upload("load.png", PNG))
    image = {"url": f"{house.fake.cdn_url}{signed_path(house.fake.world, shot)}"}
    card = {
        "type": "rich",
        "title": "Deploy failed",
        "fields": [{"name": "Host", "value": "web-1"}],
        "image": image,
    }
    alert = await house.fake.say(robot, house.lobby, embeds=[card])
    await house.fake.say(house.ana, house.lobby, f"{house.fake.bot.mention} what is this?", reply_to=alert)
    await house.seen("what is this?")

    (asked,) = house.stage.asked
    told = str(asked["messages"])
    assert "Deploy failed" in told
    assert "Host: web-1" in told
    assert "load.png" in told or "data:image/png" in told


async def test_an_answer_ends_when_its_question_is_deleted_and_the_text_is_forgotten(house: House) -> None:
    house.hold()
    question = await house.mention("a secret")
    await house.begun()
    await house.fake.delete(house.ana, question)
    ended = await house.seen(EN.say(Phrase.QUESTION_DELETED))
    await house.stage.rest()

    assert ended.buttons == ()
    assert not any(await house.stage.rows("SELECT text FROM messages"))


async def test_a_comment_on_a_bad_answer_is_thanked_for_once(house: House) -> None:
    await house.mention("why?")
    pressed = await house.press(await house.seen("why?"), EN.say(Phrase.BAD_BUTTON))
    await house.fake.until(lambda: pressed.modal)
    await house.fake.submit(pressed, {"words": "It rhymes."})
    await house.seen(EN.say(Phrase.FEEDBACK_DONE))
    await house.stage.rest()

    thanks = [seen for seen in house.fake.answers(house.lobby, house.ana) if seen.private]
    assert [seen.content for seen in thanks] == [EN.say(Phrase.FEEDBACK_DONE)]
    assert await house.stage.rows("SELECT comment FROM feedback WHERE NOT good") == ["It rhymes."]


# -- a whole channel ----------------------------------------------------------------------------------


async def test_a_stop_in_a_channel_ends_what_is_being_answered_in_its_threads(house: House) -> None:
    house.hold()
    thread = house.fake.thread(house.lobby, "talk", by=house.ana)
    await house.mention("tell me a story", thread)
    await house.begun(thread)
    await house.fake.interact(house.ana, house.lobby, "stop")

    assert (await house.seen(EN.say(Phrase.STOPPED), thread)).buttons
    assert (await house.seen(EN.say(Phrase.STOP_DONE))).private


async def test_a_reset_in_a_channel_reaches_its_threads_and_private_questions(house: House) -> None:
    thread = house.fake.thread(house.lobby, "talk", by=house.ana)
    await house.ask("the secret word is rhubarb", channel=thread, private=True)
    await house.seen("rhubarb", thread)
    await house.fake.interact(house.ana, house.lobby, "reset")
    await house.seen(EN.say(Phrase.RESET_DONE))
    await house.ask("which word?", channel=thread, private=True)
    await house.seen("which word?", thread)

    said = [message["content"] for message in house.stage.asked[-1]["messages"]]
    assert not any("rhubarb" in str(content) for content in said)


async def test_operators_choose_the_gateway_of_a_channel_from_what_is_offered(
    fake: FakeDiscord, url: str
) -> None:
    lobby, ana = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ana")
    async with running(fake, url, operators={"discord_users": [str(ana.id)]}) as stage:
        house = House(fake, stage, lobby, ana)
        thread = fake.thread(lobby, "talk", by=ana)
        typed = await fake.autocomplete(ana, thread, "model", "gateway", "ECHO")
        (choice,) = await fake.until(lambda: typed.choices)
        await fake.interact(ana, thread, "model", {"gateway": choice["value"]})
        await house.seen(EN.say(Phrase.MODEL_SET, model="@sandbox/echo"), thread)
        await house.mention("who answers?")
        await house.seen("who answers?")
        other = await fake.autocomplete(fake.person("ben"), lobby, "model", "gateway", "")
        await fake.until(lambda: other.choices is not None)

        assert [call["model"] for call in stage.asked] == ["@sandbox/echo"]
        assert other.choices == []


# -- who is answered where ----------------------------------------------------------------------------


async def test_in_a_blocked_category_nothing_is_answered(fake: FakeDiscord, url: str) -> None:
    guild, people = fake.guild("Gophers"), [fake.person(name) for name in ("ana", "ben", "cleo", "dora")]
    attic = fake.channel(guild, "attic", CATEGORY)
    lobby, other = fake.channel(guild, "lobby", category=attic), fake.channel(guild, "other")
    thread = fake.thread(lobby, "talk", by=people[0])
    fake.archive(thread)
    async with running(fake, url, access={"block_channels": [f"discord:{attic.id}"]}) as stage:
        ana, ben, cleo, dora = (House(fake, stage, lobby, person) for person in people)
        await ana.mention("why?")
        commands = [await ben.ask("why?"), await cleo.ask("why?", private=True)]
        await dora.mention("why?", thread)
        for place in (lobby, thread):
            await fake.until(lambda place=place: len(fake.answers(place)) == 1)
        await fake.until(lambda: all(given.original and given.original.content for given in commands))
        shown = [each.content for place in (lobby, thread) for each in fake.answers(place)]

        assert shown == [EN.say(Phrase.NOT_HERE)] * 2
        for asker in (ben, cleo):  # what is said of a command is for the eyes of who gave it
            told = [seen.content for seen in fake.answers(lobby, asker.ana) if seen.private]
            assert told == [EN.say(Phrase.NOT_HERE)]
        await ana.ask("why not?", channel=other)
        await ana.seen("why not?", other)
        assert len(stage.asked) == 1
