"""What an event costs that meets a bug, or a database that is away: its author a sentence, nobody else anything."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from core.domain import DatabaseUnreachable, Event, Receipt, Said
from tests.platforms.slack import FakeSlack
from tests.slack_ears import Watched, ears


class Stumbling(Watched):
    """An inbox that meets a bug, or an absent database, at each event that says so."""

    tries = 0

    async def receive(self, event: Event) -> Receipt:
        text = event.text if isinstance(event, Said) else ""
        self.tries += text in ("bug", "away")
        self._slack.changed()
        if text == "bug":
            raise KeyError("a field that nobody thought of")
        if text == "away":
            raise DatabaseUnreachable("sqlite:///bot.sqlite3", "disk full")
        return await super().receive(event)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def test_an_event_that_meets_a_bug_is_told_once_to_its_author_and_holds_nobody_up(
    slack: FakeSlack,
) -> None:
    inbox = Stumbling(slack)
    async with ears(slack, inbox) as here:
        with capture_logs() as lines:
            await slack.say(here.ana, slack.dm(here.ana), "bug")
            await slack.say(here.ben, slack.dm(here.ben), "hello")
            (said,) = await here.heard(Said)
            await slack.until(lambda: here.seen_by(here.ana, slack.dm(here.ana)))
        redelivered = await slack.redeliver()

    (sorry,) = here.seen_by(here.ana, slack.dm(here.ana))
    (broken,) = [each for each in lines if each["event"] == "slack.event_broken"]
    assert (said.text, redelivered, inbox.tries) == ("hello", 0, 1)
    assert broken["reference"] in sorry.text
    assert "KeyError" not in sorry.text


async def test_in_a_channel_nobody_else_reads_of_the_bug(slack: FakeSlack) -> None:
    async with ears(slack, Stumbling(slack)) as here:
        with (
            capture_logs()
        ):  # to print a traceback with all its values takes longer than the loop may be held up
            await slack.say(here.ana, here.general, "<@BOT> bug")
            await slack.until(lambda: here.seen_by(here.ana, here.general))
            await here.quiet()

    assert here.seen_by(here.ben, here.general) == []


async def test_an_event_that_can_t_be_stored_comes_again_and_costs_one_line_of_the_log(
    slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = Stumbling(slack)
    async with ears(slack, inbox) as here:
        with capture_logs() as lines, caplog.at_level(logging.INFO):
            await slack.say(here.ana, slack.dm(here.ana), "away")
            await slack.until(lambda: inbox.tries == 1)
            await slack.redeliver()
            await slack.until(lambda: inbox.tries == 2)

    warned = [each for each in lines if each["log_level"] in ("warning", "error")]
    assert [each["event"] for each in warned] == ["slack.event_not_stored"] * 2
    assert "disk full" in warned[0]["cause"]
    assert [each for each in caplog.messages if "Traceback" in each] == []
