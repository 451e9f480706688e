"""Pictures and files that a question on Slack or Discord is about reach the model, though they came before it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Sandbox
from tests.discord_listening import discord_at_hand
from tests.platforms.slack import FakeSlack
from tests.samples import PNG
from tests.test_discord_whole import House, running
from tests.test_slack_whole import Town, town

CAT = ("cat.png", PNG)
PICTURE = [{"type": "image_url"}]


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def house(url: str) -> AsyncIterator[House]:
    async with discord_at_hand() as fake:
        lobby, ana = fake.channel(fake.guild("Gophers"), "lobby"), fake.person("ana")
        async with running(fake, url) as stage:
            yield House(fake, stage, lobby, ana)


@pytest.fixture
async def there(url: str) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, town(slack, url) as made:
        yield made


def asked(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The messages of the last call."""
    calls = [call for call in sandbox.state.calls.described() if call["path"].endswith("/chat/completions")]
    messages: list[dict[str, Any]] = calls[-1]["body"]["messages"]
    return messages


def pictures(sandbox: Sandbox) -> list[str]:
    """The pictures in it, as far as their types."""
    parts = [part for each in asked(sandbox) if isinstance(each["content"], list) for part in each["content"]]
    return [part["image_url"]["url"].partition(";")[0] for part in parts if part["type"] == "image_url"]


def words(sandbox: Sandbox) -> str:
    contents = [each["content"] for each in asked(sandbox)]
    texts = [[{"text": each}] if isinstance(each, str) else each for each in contents]
    return "\n".join(part.get("text", "") for each in texts for part in each)


async def test_discord_a_reply_to_a_picture_and_a_log(house: House) -> None:
    fake, ben = house.fake, house.fake.person("ben")
    shared = [CAT, ("server.log", b"12:00 started")]
    picture = await fake.say(ben, house.lobby, "look at my cat", attachments=shared)
    fake.clock.advance(2 * 86_400)
    await fake.say(house.ana, house.lobby, f"{fake.bot.mention} what is in this picture?", reply_to=picture)
    await house.seen("what is in this picture?")

    assert pictures(house.stage.sandbox) == ["data:image/png"]
    assert "[file: server.log]\n    12:00 started" in words(house.stage.sandbox)


async def test_discord_a_question_in_a_thread_below_a_picture(house: House) -> None:
    ben = house.fake.person("ben")
    thread = house.fake.thread(
        await house.fake.say(ben, house.lobby, "mine", attachments=[CAT]), "cats", by=ben
    )
    await house.mention("what is in the picture?", thread)
    await house.seen("what is in the picture?", thread)

    assert pictures(house.stage.sandbox) == ["data:image/png"]


async def test_discord_a_second_question_about_a_picture_of_one_s_own(house: House) -> None:
    fake, direct = house.fake, house.fake.dm(house.ana)
    await fake.say(house.ana, direct, "what is this?", attachments=[CAT])
    await house.seen("what is this?", direct)
    fake.clock.advance(2 * 86_400)
    await fake.say(house.ana, direct, "and what colour is it?")
    await house.seen("and what colour is it?", direct)

    assert pictures(house.stage.sandbox) == ["data:image/png"]


async def test_discord_a_picture_that_was_deleted_is_named_with_its_reason(house: House) -> None:
    fake, direct = house.fake, house.fake.dm(house.ana)
    picture = await fake.say(house.ana, direct, "what is this?", attachments=[CAT])
    await house.seen("what is this?", direct)
    fake.clock.advance(2 * 86_400)
    fake.world.attachments.clear()
    picture.attachments.clear()
    await fake.say(house.ana, direct, "and what colour is it?")
    answer = await house.seen("and what colour is it?", direct)

    assert "cat.png is no longer there for me to read" in answer.content
    assert pictures(house.stage.sandbox) == []


async def test_discord_a_reply_without_words_asks_about_the_message(house: House) -> None:
    fake, ben = house.fake, house.fake.person("ben")
    told = await fake.say(ben, house.lobby, "how do I reset my password?")
    await fake.say(house.ana, house.lobby, fake.bot.mention, reply_to=told)
    await house.seen("how do I reset my password?")

    (message,) = asked(house.stage.sandbox)
    assert message["role"] == "user"


async def test_slack_a_question_below_a_picture_at_the_thread_s_root(there: Town) -> None:
    slack, ben = there.slack, there.slack.person("ben")
    there.general.members.add(ben.id)
    files = [
        slack.file("cat.png", PNG, "image/png"),
        slack.file("rows.csv", "Müller;1".encode("cp1252"), "text/csv"),
    ]
    root = await slack.say(ben, there.general, "look at my cat", files=files)
    for number in range(60):
        await slack.say(ben, there.general, f"word {number}", thread_ts=root)
    await slack.say(there.ana, there.general, "<@BOT> what is in this picture?", thread_ts=root)
    await there.says(there.general, "what is in this picture?", root)

    assert pictures(there.sandbox) == ["data:image/png"]
    assert "Müller;1" in words(there.sandbox)


async def test_slack_a_second_question_about_a_picture_of_one_s_own(there: Town) -> None:
    slack, direct = there.slack, there.slack.dm(there.ana)
    cat = slack.file("cat.png", PNG, "image/png")
    await slack.say(there.ana, direct, "what is this?", files=[cat])
    await there.says(direct, "what is this?")
    await slack.say(there.ana, direct, "and what colour is it?")
    await there.says(direct, "and what colour is it?")

    assert pictures(there.sandbox) == ["data:image/png"]


async def test_slack_a_picture_that_was_deleted_is_named_with_its_reason(there: Town) -> None:
    slack, direct = there.slack, there.slack.dm(there.ana)
    cat = slack.file("cat.png", PNG, "image/png")
    await slack.say(there.ana, direct, "what is this?", files=[cat])
    await there.says(direct, "what is this?")
    del slack.world.files[cat.id]
    await slack.say(there.ana, direct, "and what colour is it?")
    told = "cat.png is no longer there for me to read"
    await slack.until(lambda: any(told in f"{each.text} {each.blocks}" for each in slack.visible(direct)))

    assert pictures(there.sandbox) == []
