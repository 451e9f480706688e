"""What `doctor` finds of a bot at Telegram, and what `init` asks and tries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from aivax_bots import AnswerRefusedError, CheckState
from aivax_bots_telegram.checks import TelegramCheck
from aivax_bots_telegram.plugin import plugin
from aivax_bots_telegram.settings import TelegramSettings
from aivax_bots_telegram.setup import TelegramSetup
from telegram_stand_in import FakeTelegram, Person

pytestmark = pytest.mark.asyncio

GROUP = -1001234567890


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(GROUP, "supergroup", "Gophers")
        yield fake


def section(fake: FakeTelegram, **settings: Any) -> TelegramSettings:
    return TelegramSettings(**({"token": fake.token, "api_url": fake.api_url} | settings))


async def found(fake: FakeTelegram, *chats: str, **settings: Any) -> dict[str, tuple[CheckState, str]]:
    findings = await TelegramCheck(section(fake, **settings), chats).run()
    assert [each for each in findings if each.state is CheckState.FAILED and not each.cure] == []
    return {each.check: (each.state, each.cause) for each in findings}


async def test_a_bot_that_is_well_is_told_so_and_nothing_that_waits_for_it_is_taken(
    fake: FakeTelegram,
) -> None:
    fake.say(Person(1001, "Ana"), fake.chats[GROUP], "hello")
    well = await found(fake, str(GROUP), "-77")

    assert well["telegram.token"] == (CheckState.OK, "@helper_bot (4242)")
    assert well["telegram.webhook"] == (CheckState.OK, "no webhook is set; 1 events wait for the bot")
    assert well[f"telegram.chat.{GROUP}"] == (CheckState.OK, "Gophers")
    assert well["telegram.chat.-77"][0] is CheckState.FAILED
    assert "only what means it" in well["telegram.privacy"][1]
    assert len(fake.updates) == 1
    assert "getupdates" not in fake.calls


async def test_what_keeps_a_bot_from_its_work_is_found(fake: FakeTelegram) -> None:
    fake.webhook, fake.chats[GROUP].closed = "https://elsewhere.example/secret-path", "kicked"
    ill = await found(fake, str(GROUP))

    assert ill["telegram.webhook"] == (CheckState.WARNING, "events go to a webhook at elsewhere.example")
    assert ill[f"telegram.chat.{GROUP}"] == (CheckState.FAILED, "Gophers: the bot may not write there")


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"token": "4242:another-token-of-the-same-bot-00000000"}, "refuses the token"),
        ({"api_url": "http://127.0.0.1:9"}, "ConnectError"),
    ],
)
async def test_without_a_bot_nothing_else_is_looked_at(
    fake: FakeTelegram, settings: dict[str, str], cause: str
) -> None:
    ill = await found(fake, str(GROUP), **settings)

    assert set(ill) == {"telegram.token"}
    assert ill["telegram.token"][0] is CheckState.FAILED
    assert cause in ill["telegram.token"][1]


async def test_doctor_asks_nothing_where_there_is_no_token(fake: FakeTelegram) -> None:
    assert list(plugin.checks(TelegramSettings(), None)) == []  # type: ignore[arg-type]  # not looked at
    assert [each.name for each in plugin.checks(section(fake), type("Context", (), {"channels": ()})())] == [
        "telegram"
    ]  # type: ignore[arg-type]


class Talk:
    """An `Interview` that answers with one section after the other until one does."""

    def __init__(self, *sections: TelegramSettings) -> None:
        self.sections = list(sections)
        self.said: list[str] = []
        self.translator = None

    @property
    def section(self) -> TelegramSettings:
        return self.sections[0]

    def say(self, text: str) -> None:
        self.said.append(text)

    async def ask(self, question: Any, trial: Any = None) -> None:
        self.said.append(question.text)
        while True:
            try:
                self.said.append(await trial(self.section))
            except AnswerRefusedError as refused:
                self.said.append(f"{refused.why}: {refused.cure}")
                del self.sections[0]
            else:
                return


async def test_init_asks_for_the_token_until_one_is_taken(fake: FakeTelegram) -> None:
    wrong = section(fake, token="4242:another-token-of-the-same-bot-00000000")
    away = section(fake, api_url="http://127.0.0.1:9")
    talk = Talk(wrong, away, section(fake))
    await TelegramSetup().interview(talk)  # type: ignore[arg-type]  # as much of one as is used

    _, _, refused, unreachable, done = talk.said
    assert "copy it once more from BotFather" in refused
    assert "api_url" in unreachable
    assert done == "@helper_bot (4242)"


async def test_init_offers_the_chats_that_wrote_and_posts_its_test_message(fake: FakeTelegram) -> None:
    ana = fake.chat(1001)
    fake.say(Person(1001, "Ana"), ana, "hello")
    setup, bot = TelegramSetup(), section(fake)
    offered = [(each.value, each.label) for each in await setup.channels(bot)]
    where = await setup.post(bot, "1001", "This is a test.")

    assert offered == [("1001", "Ana (1001)")]
    assert (where, ana.visible()) == ("Ana", ["This is a test."])
    assert len(fake.updates) == 1  # the bot will hear it
    for channel, cure in (("-77", "add it to the group"), ("#general", "chat's number")):
        with pytest.raises(AnswerRefusedError) as refused:
            await setup.post(bot, channel, "This is a test.")
        assert cure in refused.value.cure
