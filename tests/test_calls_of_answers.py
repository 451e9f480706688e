"""How many creates, edits and calls of a stream an answer takes on the wire: one where it is whole at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from bots.discord.transport.timing import Timing
from bots.slack.frontend import open_slack
from bots.slack.settings import SlackSettings
from core.domain import Action, Button, Footer, ReplySurface, Status
from tests.discord_answers import EDIT, POST, asked, opened
from tests.discord_listening import discord_at_hand
from tests.fakes import FakeLedger
from tests.platforms.slack import FakeSlack
from tests.slack_stage import Stage, Time

GOOD, STOP = Button(Action.GOOD, "turn", "Good"), Button(Action.STOP, "turn", "Stop")
BELOW = Footer("by a model", (GOOD,))
SLACKS = ("chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream")


@dataclass
class Screen:
    """Where one answer is to be shown, in real time and under the platform's real limits."""

    surface: ReplySurface
    text: Callable[[], str]
    buttons: Callable[[], int]
    until: Callable[[Callable[[], object]], Awaitable[object]]
    calls: Callable[[], list[str]]


@asynccontextmanager
async def discord() -> AsyncIterator[Screen]:
    async with discord_at_hand(limits=True) as fake, opened(fake, Timing()) as frontend:
        place = await asked(fake, frontend)
        yield Screen(
            frontend.reply_to(str(place.address), FakeLedger()),
            lambda: "\n".join(place.seen()),
            lambda: sum(len(seen.buttons) for seen in fake.answers(place.channel)),
            fake.until,
            lambda: [call.route.split()[0] for call in fake.calls if call.route in (POST, EDIT)],
        )


@asynccontextmanager
async def slack(*, direct: bool) -> AsyncIterator[Screen]:
    async with FakeSlack(budgets=True) as fake:
        given = {"bot_token": fake.bot_token, "app_token": fake.app_token, "api_url": fake.api_url}
        async with open_slack(SlackSettings(**given)) as bot:
            asker = fake.person("ann")
            stage = Stage(fake, bot, Time(), asker, fake.dm(asker))
            await stage.ask() if direct else await stage.in_channel()
            yield Screen(
                stage.surface(direct=direct),
                lambda: "\n".join(f"{each.text}{each.footer}" for each in stage.answers),
                lambda: sum(len(each.actions) for each in stage.answers),
                fake.until,
                lambda: [call.method for call in fake.calls if call.method in SLACKS],
            )


def slack_mention() -> AbstractAsyncContextManager[Screen]:
    return slack(direct=False)


def slack_direct() -> AbstractAsyncContextManager[Screen]:
    return slack(direct=True)


@pytest.fixture(params=[discord, slack_mention, slack_direct])
async def screen(request: pytest.FixtureRequest) -> AsyncIterator[Screen]:
    async with request.param() as opened_screen:
        yield opened_screen


async def test_an_answer_that_is_whole_at_once_takes_one_call_with_all_that_stands_below(
    screen: Screen,
) -> None:
    async with screen.surface as surface:
        await surface.offer([STOP])
        await surface.note(Status("Thinking"))
        await surface.write("It is beca")
        await surface.write("use.")
        await surface.finish(BELOW)

    assert screen.calls() in (["POST"], ["chat.postMessage"])
    assert screen.text() == "It is because.\n\n_by a model_"
    assert screen.buttons() == 1


async def test_an_answer_that_is_whole_soon_after_its_first_words_takes_two_calls(screen: Screen) -> None:
    async with screen.surface as surface:
        await surface.offer([STOP])
        await surface.write("It is ")
        await screen.until(lambda: "It is" in screen.text())
        await surface.write("because.")
        await surface.finish(BELOW)

    assert screen.calls() in (
        ["POST", "PATCH"],
        ["chat.postMessage", "chat.update"],
        ["chat.startStream", "chat.stopStream"],
    )
    assert screen.text().startswith("It is because.")
    assert "by a model" in screen.text()
    assert screen.buttons() == 1
