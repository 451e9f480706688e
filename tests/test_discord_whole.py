"""Discord's commands and buttons through the whole core: what people see of them in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bots.discord.frontend import open_discord
from core.reply.phrases import Phrase
from tests.discord_listening import FAST, VOICES, Watch, discord_at_hand, settings
from tests.platforms.discord import Channel, FakeDiscord, Interaction, Person
from tests.platforms.discord.view import Seen
from tests.stage import Stage, staged

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
        return await self.fake.click(self.ana, seen, button.custom_id or "")


@asynccontextmanager
async def running(fake: FakeDiscord, url: str, **sections: Any) -> AsyncIterator[Stage]:
    async with open_discord(settings(fake), FAST) as frontend:
        platform: Any = frontend
        async with staged(url, platform=platform, replies={"buttons": BUTTONS}, **sections) as stage:
            watch = Watch()
            listening = asyncio.create_task(frontend.listen(stage.core.intake, watch))
            await watch.until(lambda: watch.states)
            await fake.until(lambda: fake.commands.get(None))
            try:
                yield stage
            finally:
                listening.cancel()
                await asyncio.wait([listening])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    async with discord_at_hand() as fake:
        lobby, ana = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ana")
        async with running(fake, url) as stage:
            yield House(fake, stage, lobby, ana)


async def test_a_command_is_answered_where_discord_said_that_the_bot_thinks(house: House) -> None:
    asked = await house.ask("what is up?")
    answer = await house.seen("what is up?")

    assert asked.original is not None
    assert answer.id == asked.original.id
    assert [button.label for button in answer.buttons] == [
        VOICES.of("en").say(phrase)
        for phrase in (Phrase.REGENERATE_BUTTON, Phrase.GOOD_BUTTON, Phrase.BAD_BUTTON)
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
            await after.press(answer, VOICES.of("en").say(Phrase.GOOD_BUTTON))
            await after.seen(VOICES.of("en").say(Phrase.FEEDBACK_DONE))
            await after.press(answer, VOICES.of("en").say(Phrase.REGENERATE_BUTTON))
            await fake.until(
                lambda: len([seen for seen in fake.answers(lobby) if "why?" in seen.content]) == 2
            )
            await stage.rest()

        assert fake.message(answer).content == answer.content


@pytest.mark.parametrize("command", ["reset", "stop", "usage", "help", "privacy"])
async def test_the_other_commands_answer_their_author_alone(house: House, command: str) -> None:
    given = await house.fake.interact(house.ana, house.lobby, command)
    await house.fake.until(lambda: given.original and given.original.content)

    assert house.fake.answers(house.lobby) == []
    assert given.original is not None
    assert given.original.ephemeral


async def test_what_is_stored_can_be_deleted_by_the_button_below_it(house: House) -> None:
    await house.ask("remember me")
    await house.seen("remember me")
    await house.fake.interact(house.ana, house.lobby, "privacy")
    page = await house.seen(VOICES.of("en").say(Phrase.PRIVACY)[:40])
    await house.press(page, VOICES.of("en").say(Phrase.FORGET_BUTTON))
    await house.seen("Done")
    await house.stage.rest()

    assert not any(
        text and "remember" in text for text in await house.stage.rows("SELECT text FROM messages")
    )
