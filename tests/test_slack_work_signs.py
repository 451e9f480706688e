"""The signs of work at a question in Slack, a line below it and an hourglass on it: gone once the answer is there."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from bots.slack.delivery.channel import SlackChannel, WorkSigns
from bots.slack.events.address import Address
from core.delivery.pacing import Pace
from core.domain import Apology, Delivery, Fenced, Footer, Sign
from tests.fakes import FakeLedger
from tests.platforms.slack.faults import Fault
from tests.slack_stage import Stage, Time, bot_at, staged
from tests.waiting import soon

HERE = Address("C1", "T1", thread="1.0", question="1.0", user="U1", user_team="T1")


class Api:
    """The Web API of a Slack that is slow to set a status."""

    def __init__(self) -> None:
        self.status = ""
        self.asked, self.goes_on = asyncio.Event(), asyncio.Event()

    async def write(self, method: str, **given: Any) -> dict[str, Any]:
        if method == "assistant.threads.setStatus":
            self.asked.set()
            if given["status"]:
                await self.goes_on.wait()  # no deadline: the test lets it go on
            self.status = given["status"]
        elif method == "chat.postMessage":
            self.status = ""
        return {"ok": True, "ts": "2.0"}


async def test_a_sign_that_comes_after_the_post_is_taken_away_at_the_end() -> None:
    api = Api()
    pace = Pace(lambda: 3.0, now=time.monotonic, sleep=asyncio.sleep)
    channel = SlackChannel(api, HERE, WorkSigns(api), pace)  # type: ignore[arg-type]  # all of it that is used
    sign = asyncio.create_task(channel.working())
    await soon("the sign", api.asked.wait())
    await channel.post("the answer", Delivery(0, "n-0", "", 0, closed=False, generation=0))
    api.goes_on.set()
    await sign
    assert api.status == "…"

    await channel.rested()

    assert api.status == ""


HOURGLASS = "hourglass_flowing_sand"


def is_marked(stage: Stage) -> bool:
    """Whether the hourglass stands on the question."""
    return HOURGLASS in stage.slack.visible(stage.dm)[0].reactions


@pytest.fixture(params=[True, False], ids=["direct", "channel"])
def direct(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def asked(stage: Stage, direct: bool) -> None:
    if not direct:
        await stage.in_channel()
    assert await stage.bot.sign(stage.address(direct=direct))
    assert is_marked(stage)


async def test_the_hourglass_goes_when_the_answer_begins(direct: bool) -> None:
    async with staged() as stage:
        await asked(stage, direct)
        async with stage.surface(direct=direct) as surface:
            await surface.write("Hello")
            await stage.slack.until(lambda: not is_marked(stage))
            await surface.finish(Footer())

        assert stage.text == "Hello"


@pytest.mark.parametrize("text", ["Sorry, not now.", ""])
async def test_the_hourglass_goes_when_the_turn_ends_without_an_answer(direct: bool, text: str) -> None:
    async with staged() as stage:
        await asked(stage, direct)
        async with stage.surface(direct=direct) as surface:
            await surface.fail(Apology(text))

        assert not is_marked(stage)


async def test_another_process_takes_the_hourglass_away(direct: bool) -> None:
    async with staged() as stage:
        await asked(stage, direct)
        again = FakeLedger().reopened()
        async with (
            bot_at(stage.slack, stage.time) as other,
            other.reply_to(stage.address(direct=direct), again) as surface,
        ):
            await surface.write("Hello")
            await surface.finish(Footer())

        assert not is_marked(stage)


async def test_an_hourglass_whose_call_nobody_heard_of_goes_too(direct: bool) -> None:
    async with staged() as stage:
        if not direct:
            await stage.in_channel()
        fault = stage.slack.hang("reactions.add", after_work=True)
        signing = asyncio.create_task(stage.bot.sign(stage.address(direct=direct)))
        await reached(fault)
        signing.cancel()
        async with (
            bot_at(stage.slack, stage.time) as other,
            other.reply_to(stage.address(direct=direct), FakeLedger().reopened()) as surface,
        ):
            await surface.write("Hello")
            await surface.finish(Footer())

        assert not is_marked(stage)


async def test_an_ordinary_answer_costs_no_call_for_an_hourglass_that_nobody_put(direct: bool) -> None:
    async with staged() as stage:
        if not direct:
            await stage.in_channel()
        async with stage.surface(direct=direct) as surface:
            await surface.write("Hello")
            await surface.finish(Footer())

        assert stage.slack.calls_of("reactions.remove") == []


async def test_without_the_scope_the_log_says_once_that_hourglasses_stay() -> None:
    async with staged() as stage:
        stage.slack.workspace.scopes.discard("reactions:write")
        with capture_logs() as lines:
            for _ in range(3):
                async with stage.surface(FakeLedger().reopened()) as surface:
                    await surface.write("Hello")
                    await surface.finish(Footer())

        assert [each["scope"] for each in lines if each["event"] == "slack.reaction_not_removed"] == [
            "reactions:write"
        ]


async def test_a_status_whose_call_was_under_way_when_the_process_died_is_cleared_by_the_next(
    direct: bool,
) -> None:
    async with staged() as stage:
        if not direct:
            await stage.in_channel()
        ledger = FakeLedger()
        fault = stage.slack.hang("assistant.threads.setStatus", after_work=True)
        dead = stage.surface(ledger, direct=direct)
        await dead.__aenter__()
        await reached(fault)
        assert stage.slack.status(stage.dm, stage.ts) == "…"
        await next_one(stage, ledger, direct)

        assert (stage.text, stage.slack.status(stage.dm, stage.ts)) == ("Hello, Ann", "")
        await dead.__aexit__(Fenced, Fenced(1, 1), None)


async def test_a_status_that_slack_sets_after_the_first_words_is_cleared_by_the_next_process() -> None:
    async with staged() as stage:
        await stage.in_channel()
        ledger = FakeLedger()
        fault = stage.slack.hang("assistant.threads.setStatus")
        dead = stage.surface(ledger, direct=False)
        await dead.__aenter__()
        await reached(fault)
        await dead.write("Hello")
        await stage.seen("Hello")
        fault.release()
        await stage.slack.until(lambda: stage.slack.status(stage.dm, stage.ts) == "…")
        await next_one(stage, ledger, direct=False)

        assert (stage.text, stage.slack.status(stage.dm, stage.ts)) == ("Hello, Ann", "")
        await dead.__aexit__(Fenced, Fenced(1, 1), None)


async def reached(fault: Fault) -> None:
    """Wait until a call hangs."""
    await soon("the call to hang", fault.reached.wait())


async def next_one(stage: Stage, ledger: FakeLedger, direct: bool) -> None:
    """Have another process take the turn over, and answer."""
    async with (
        bot_at(stage.slack, Time()) as other,
        other.reply_to(stage.address(direct=direct), ledger.reopened()) as surface,
    ):
        await surface.write("Hello, Ann")
        await surface.finish(Footer())


async def test_an_answer_that_is_posted_whole_in_a_direct_message_shows_no_second_status() -> None:
    async with staged() as stage:
        async with stage.surface() as surface:
            await stage.slack.until(lambda: stage.slack.status(stage.dm, stage.ts) == "…")
            await surface.write("Hello")
            await surface.finish(Footer())

        assert stage.text == "Hello"
        assert len(stage.slack.calls_of("assistant.threads.setStatus")) == 1
        assert stage.slack.status(stage.dm, stage.ts) == ""


async def test_the_sign_of_a_question_that_is_not_taken_is_another_one(direct: bool) -> None:
    async with staged() as stage:
        if not direct:
            await stage.in_channel()
        assert await stage.bot.sign(stage.address(direct=direct), Sign.NOT_TAKEN)

        assert list(stage.slack.visible(stage.dm)[0].reactions) == ["no_entry_sign"]
