"""Taking an answer away on Discord, through the whole bot: from the message's menu, by a reply and by a command."""

from __future__ import annotations

import pytest

from core.i18n import Phrase
from tests.platforms.discord import FakeDiscord, Permission
from tests.platforms.discord.view import Seen
from tests.test_discord_whole import EN, House, fake, house, url

__all__ = ["fake", "house", "url"]  # fixtures

MENU = Phrase.TAKE_AWAY.value
PICTURE = "![a cat](data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==)"


async def answered(house: House, words: str) -> list[Seen]:
    """All that the bot has said, once that is all there."""
    await house.seen(words)
    await house.stage.rest()
    return house.fake.answers(house.lobby, house.ana)


def shown(house: House) -> list[Seen]:
    return [each for each in house.fake.answers(house.lobby) if not each.private]


@pytest.mark.parametrize("part", [0, -1], ids=["its words", "its picture"])
async def test_the_menu_takes_every_part_away_and_tells_only_who_chose_it(house: House, part: int) -> None:
    await house.mention(f"a heron {PICTURE}")
    parts = await answered(house, "heron")
    assert [len(each.attachments) for each in parts] == [0, 1]

    message = house.fake.world.messages[parts[part].id]
    picked = await house.fake.message_command(house.ana, message, MENU)
    told = await house.seen(EN.say(Phrase.DELETE_DONE))

    assert told.private
    assert picked.original is not None
    assert shown(house) == []
    assert await house.stage.rows("SELECT text FROM messages WHERE role = 'assistant'") == []


@pytest.mark.parametrize("manages", [False, True])
async def test_others_are_refused_but_who_may_manage_messages_there(house: House, manages: bool) -> None:
    ben = house.fake.person("ben")
    await house.mention("a heron")
    (answer,) = await answered(house, "heron")
    if manages:
        assert house.lobby.guild is not None
        house.lobby.guild.everyone.permissions |= int(Permission.MANAGE_MESSAGES)

    await house.fake.message_command(ben, house.fake.world.messages[answer.id], MENU)
    told = Phrase.DELETE_DONE if manages else Phrase.DELETE_NOT_YOURS
    await house.seen(EN.say(told), to=ben)

    assert len(shown(house)) == (0 if manages else 1)


async def test_the_word_as_a_reply_takes_that_answer_away(house: House) -> None:
    await house.mention("a heron")
    (first,) = await answered(house, "heron")
    await house.mention("an egret")
    await answered(house, "egret")

    message = house.fake.world.messages[first.id]
    await house.fake.say(house.ana, house.lobby, "delete", reply_to=message)
    await house.seen(EN.say(Phrase.DELETE_DONE))

    assert [("heron" in each.content, "egret" in each.content) for each in shown(house)] == [
        (False, True),
        (False, False),
    ]


async def test_the_command_takes_the_newest_answer_away_also_one_to_a_command(house: House) -> None:
    await house.ask("a heron")
    await answered(house, "heron")

    await house.fake.interact(house.ana, house.lobby, "delete", {})
    await house.seen(EN.say(Phrase.DELETE_DONE))

    assert shown(house) == []


async def test_an_answer_that_is_being_written_ends_and_goes(house: House) -> None:
    house.hold()
    await house.mention("long 5000")
    begun = await house.begun()

    await house.fake.message_command(house.ana, house.fake.world.messages[begun.id], MENU)
    await house.seen(EN.say(Phrase.DELETE_DONE))

    assert shown(house) == []


async def test_a_message_that_is_no_answer_is_told_so(house: House, fake: FakeDiscord) -> None:
    message = await fake.say(house.ana, house.lobby, "lunch at twelve?")

    await fake.message_command(house.ana, message, MENU)

    assert (await house.seen(EN.say(Phrase.DELETE_NOTHING))).private
