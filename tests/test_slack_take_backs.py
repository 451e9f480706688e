"""Taking an answer away on Slack, through the whole bot: from the message's menu, and by a word."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.i18n import Phrase
from tests.platforms.slack import FakeSlack
from tests.test_slack_whole import Town, town, url

__all__ = ["url"]  # a fixture

PICTURE = "![a cat](data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==)"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def answered(there: Town, ts: str, words: str) -> list[str]:
    """The ts of everything that the bot has said in the thread, once that is all there."""
    await there.says(there.general, words, ts)
    assert await there.rows("SELECT count(*) FROM turns WHERE state = 'answered'")
    return [each.ts for each in there.slack.visible(there.general, ts) if each.is_bot]


@pytest.mark.parametrize("part", [0, -1], ids=["its words", "its picture"])
async def test_the_menu_takes_every_part_away_and_tells_only_who_chose_it(
    slack: FakeSlack, url: str, part: int
) -> None:
    async with town(slack, url) as there:
        ts = await slack.say(there.ana, there.general, f"<@BOT> a heron {PICTURE}")
        parts = await answered(there, ts, "heron")
        assert len(parts) == 2

        await slack.shortcut(there.ana, there.general, parts[part], "take_away")
        told = await there.says(there.general, Phrase.DELETE_DONE.value)

        assert told.only_to == there.ana.id
        left = slack.visible(there.general, ts)
        assert [each.text for each in left if each.is_bot and each.only_to is None] == []
        assert await there.rows("SELECT text FROM messages WHERE role = 'assistant'") == []


async def test_others_are_refused_in_a_friendly_sentence(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        ben = slack.person("ben")
        there.general.members.add(ben.id)
        ts = await slack.say(there.ana, there.general, "<@BOT> a heron")
        (answer,) = await answered(there, ts, "heron")

        await slack.shortcut(ben, there.general, answer, "take_away")
        told = await there.says(there.general, Phrase.DELETE_NOT_YOURS.value)

        assert told.only_to == ben.id
        assert await answered(there, ts, "heron") == [answer]


@pytest.mark.parametrize("word", ["delete", "apagar"])
async def test_the_word_in_the_thread_takes_the_newest_answer_there_away(
    slack: FakeSlack, url: str, word: str
) -> None:
    async with town(slack, url) as there:
        ts = await slack.say(there.ana, there.general, "<@BOT> a heron")
        await answered(there, ts, "heron")

        await slack.say(there.ana, there.general, f"<@BOT> {word}", thread_ts=ts)
        await there.says(there.general, Phrase.DELETE_DONE.value, ts)

        assert not any("heron" in each.text for each in slack.visible(there.general, ts) if each.is_bot)


async def test_the_word_in_a_direct_message_takes_a_streamed_answer_away(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        direct = slack.dm(there.ana)
        ts = await slack.say(there.ana, direct, "a heron")
        await there.says(direct, "heron", ts)
        assert await there.rows("SELECT count(*) FROM turns WHERE state = 'answered'") == [1]

        await slack.say(there.ana, direct, "delete")
        await there.says(direct, Phrase.DELETE_DONE.value)

        assert not any("heron" in each.text for each in slack.visible(direct) if each.is_bot)


async def test_a_message_that_is_no_answer_is_told_so(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        ts = await slack.say(there.ana, there.general, "lunch at twelve?")

        await slack.shortcut(there.ana, there.general, ts, "take_away")

        assert (await there.says(there.general, Phrase.DELETE_NOTHING.value)).only_to == there.ana.id
