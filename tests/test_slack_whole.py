"""What people do on Slack beside asking, through the whole bot: the core, the database, a simulated AIVAX."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bots.app import Core
from core.conversations.capabilities import CapabilityHandler
from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.server import serve as serve_sandbox
from tests.platforms.slack import Channel, FakeSlack, Person, Shown
from tests.slack_ears import hasty_now, hasty_sleep, settings_at
from tests.slack_ways import Hosted, answering
from tests.waiting import soon


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    path = tmp_path / "bot.sqlite3"
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite+aiosqlite:///{path}"


class Town:
    """A workspace with a person and a channel, and the bot in it."""

    def __init__(self, slack: FakeSlack, sandbox: Sandbox, here: Hosted, core: Core) -> None:
        self.slack, self.sandbox, self.here, self.core = slack, sandbox, here, core
        self.ana: Person = slack.person("ana")
        self.general: Channel = slack.channel("general", [self.ana])

    async def says(self, place: Channel, words: str, thread: str | None = None) -> Shown:
        """Wait until the bot says something with these words in it."""

        def found() -> Shown | None:
            shown = self.slack.visible(place, thread)
            return next((each for each in shown if each.is_bot and words in each.text), None)

        shown: Shown = await self.slack.until(found)
        return shown

    async def rows(self, query: str) -> list[Any]:
        """Ask the database once all turns came to rest."""
        await soon("self.core.pool.drained()", self.core.pool.drained())
        async with self.here.database.read() as connection:
            return list((await connection.execute(text(query))).scalars())


@asynccontextmanager
async def town(
    slack: FakeSlack, url: str, handlers: Sequence[CapabilityHandler] | None = None, **settings: Any
) -> AsyncIterator[Town]:
    pace: dict[str, Any] = {"now": hasty_now, "sleep": hasty_sleep}
    chosen = settings_at(slack, **settings)
    async with (
        serve_sandbox(plan="max") as sandbox,
        answering(slack, url, sandbox, chosen, handlers=handlers, **pace) as (here, core),
    ):
        yield Town(slack, sandbox, here, core)


async def test_an_edit_in_mid_answer_has_the_new_words_answered_and_a_deletion_forgets_them(
    slack: FakeSlack, url: str
) -> None:
    async with town(slack, url) as there:
        there.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=2))
        ts = await slack.say(there.ana, there.general, "<@BOT> old words")
        await slack.until(lambda: any(each.is_bot for each in slack.visible(there.general, ts)))
        await slack.edit(there.ana, there.general, ts, "<@BOT> new words")
        await there.says(there.general, "new words", ts)
        await slack.delete(there.ana, there.general, ts)
        await slack.until(lambda: not slack.unacked)

        assert await there.rows("SELECT text FROM messages WHERE role = 'user'") == [""]


async def test_slack_s_own_stop_button_ends_the_answer(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        direct = slack.dm(there.ana)
        there.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=2))
        ts = await slack.say(there.ana, direct, "tell me a story")
        live = await slack.until(
            lambda: next((each for each in slack.visible(direct, ts) if each.stream == "live"), None)
        )
        slack.stop_stream(there.ana, direct, live.ts)
        await slack.until(lambda: not slack.unacked)
        await slack.say(there.ana, direct, "another question")
        await there.says(direct, "another question")

        states = await there.rows("SELECT state FROM turns ORDER BY id")
        assert states[0] == "cancelled"


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("code", ["invalid_attachments", "msg_too_long", "a_code_of_tomorrow"])
async def test_where_an_answer_is_not_taken_its_author_is_told_so(
    slack: FakeSlack, url: str, direct: bool, code: str
) -> None:
    async with town(slack, url) as there:
        slack.refuse_words("zebra", code)
        place = slack.dm(there.ana) if direct else there.general
        ts = await slack.say(there.ana, place, "zebra" if direct else "<@BOT> zebra")
        told = await there.says(place, "doesn't take", ts)

        assert await there.rows("SELECT state FROM turns") == ["failed"]
    assert "zebra" not in told.text
    assert not any(each.streaming for each in slack.visible(place, ts))


async def test_a_stop_by_command_reaches_an_answer_in_a_thread(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        there.sandbox.state.faults.add(Fault("completions", "silence", after_chunks=0))
        ts = await slack.say(there.ana, there.general, "<@BOT> tell me a story")
        await slack.until(lambda: slack.status(there.general, ts))
        await slack.command(there.ana, there.general, "/aivax", "stop")
        await there.says(there.general, "All right, I've stopped.")

        assert "cancelled" in await there.rows("SELECT state FROM turns ORDER BY id")


async def test_a_question_by_command_is_answered_below_it_and_can_be_gone_on_with(
    slack: FakeSlack, url: str
) -> None:
    async with town(slack, url, thread_follow_ups="always") as there:
        await slack.command(there.ana, there.general, "/aivax", "ask what is love?")
        question = await there.says(there.general, "@ana: what is love?")
        await slack.until(lambda: len(slack.visible(there.general, question.ts)) == 2)
        await slack.say(there.ana, there.general, "and hate?", thread_ts=question.ts)
        await slack.until(lambda: len(slack.visible(there.general, question.ts)) == 4)

        assert len(await there.rows("SELECT id FROM conversations")) == 1


async def test_a_bad_answer_is_stored_with_its_comment(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        ts = await slack.say(there.ana, there.general, "<@BOT> hi")
        rated = await slack.until(
            lambda: next(
                (each for each in slack.visible(there.general, ts) if "aivax:feedback" in each.actions), None
            )
        )
        values = [each for block in rated.blocks for each in block.get("elements", ())]
        bad = next(each["negative_button"]["value"] for each in values if "negative_button" in each)
        await slack.click(there.ana, rated, "aivax:feedback", value=bad)
        await slack.until(lambda: slack.modal(there.ana))
        await slack.submit_view(there.ana, {"words": {"text": {"type": "x", "value": "Too short."}}})
        await slack.until(lambda: slack.modal(there.ana) is None)

        assert await there.rows("SELECT comment FROM feedback") == ["Too short."]


async def test_the_home_tab_speaks_the_language_that_was_chosen_there(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as there:
        await slack.open_home(there.ana, tab="home")
        page = await slack.until(lambda: slack.home(there.ana))
        assert page.body["blocks"][0]["text"]["text"] == "What you have used"
        await slack.click_home(there.ana, "aivax:language:pt_BR")
        await slack.until(lambda: "O seu uso" in str(page.body["blocks"]))
        await slack.command(there.ana, there.general, "/aivax", "reset")

        await there.says(there.general, "conversa")


async def test_what_was_missed_while_the_bot_was_away_is_answered(slack: FakeSlack, url: str) -> None:
    async with town(slack, url) as before:
        direct, ana = slack.dm(before.ana), before.ana
        await slack.say(ana, direct, "first question")
        await before.says(direct, "first question")
    slack.http_mode.request_url = ""
    missed = await slack.say(ana, direct, "second question")
    for delivery in slack.deliveries:
        if delivery.open:
            slack.clock.cancel(delivery.timer)
            delivery.lost = True

    async with town(slack, url) as there:
        await there.says(direct, "second question", missed)
        turns = await there.rows("SELECT state FROM turns")

    assert len(turns) == 2
