"""Telegram calls the bot: what it must say, and what becomes of an update that can't be stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from aivax_bots import CheckState, Frontend, FrontendRefused, Host, Mounts, Said
from aivax_bots.testing import Inbox, Lamp, listening_to, soon
from aivax_bots_telegram.checks import TelegramCheck
from aivax_bots_telegram.plugin import plugin
from telegram_stand_in import FakeTelegram, Person

pytestmark = pytest.mark.asyncio

ANA, URL = Person(1001, "Ana"), "https://bot.example.com"


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.chat(ANA.id)
        yield fake


def section(fake: FakeTelegram, url: str = URL) -> Any:
    return plugin.section(token=fake.token, api_url=fake.api_url, webhook_url=url)


@asynccontextmanager
async def called(fake: FakeTelegram, url: str = URL) -> AsyncIterator[tuple[Frontend, Any]]:
    """The frontend, and the application that it has the program serve."""
    host = Host(None, Mounts(), None)  # type: ignore[arg-type]  # neither is looked at
    async with plugin.open(section(fake, url), host) as frontend:
        yield frontend, Starlette(routes=[Mount(path, app) for path, app in host.web.apps.items()])


async def test_what_telegram_brings_is_answered_when_it_is_stored_and_comes_again_where_it_is_not(
    fake: FakeTelegram,
) -> None:
    inbox = Inbox()
    inbox.failures = 1
    async with called(fake) as (frontend, app), listening_to(frontend, inbox):
        fake.say(ANA, fake.chats[ANA.id], "hello there")
        statuses = [await fake.call(app), await fake.call(app)]
        (said,) = await inbox.first()

    assert statuses == [503, 200]
    assert isinstance(said, Said)
    assert fake.webhook == f"{URL}/telegram/updates"
    assert "getupdates" not in fake.calls


async def test_who_does_not_know_the_secret_is_turned_away_and_what_is_no_update_harms_nobody(
    fake: FakeTelegram,
) -> None:
    inbox = Inbox()
    async with called(fake) as (frontend, app), listening_to(frontend, inbox):
        fake.say(ANA, fake.chats[ANA.id], "hello there")
        secret, fake.secret = fake.secret, "another"
        stranger = await fake.call(app)
        fake.secret = secret
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            bodies = (b"no JSON", b"[1]", b"\xff", b"[" * 900_000, b" " * 1_000_001, b"{}")
            odd = [
                (await client.post(fake.webhook, content=body, headers=headers)).status_code
                for body in bodies
            ]
        known = await fake.call(app)

    assert (stranger, known, len(inbox.events)) == (403, 200, 1)
    assert odd == [400] * 5 + [200]
    assert fake.token not in secret


async def test_while_nobody_listens_telegram_is_told_to_come_again(fake: FakeTelegram) -> None:
    async with called(fake) as (frontend, app):
        async with listening_to(frontend, Inbox()):
            pass
        fake.say(ANA, fake.chats[ANA.id], "hello there")

        assert await fake.call(app) == 503
        assert len(fake.updates) == 1


async def test_an_address_that_telegram_does_not_take_is_told_by_its_setting(fake: FakeTelegram) -> None:
    async with called(fake, "http://bot.example.com") as (frontend, _):
        with pytest.raises(FrontendRefused) as refused:
            await soon("the refusal", frontend.listen(Inbox(), Lamp()))

    assert refused.value.setting == "[telegram] webhook_url"
    assert "https" in refused.value.fix


@pytest.mark.parametrize(
    ("set_to", "error", "state", "cause"),
    [
        ("", "", CheckState.OK, "when it starts"),
        (f"{URL}/telegram/updates", "", CheckState.OK, "0 events wait"),
        (f"{URL}/telegram/updates", "Connection refused", CheckState.WARNING, "Connection refused"),
    ],
)
async def test_doctor_tells_how_telegrams_calls_went(
    fake: FakeTelegram, set_to: str, error: str, state: CheckState, cause: str
) -> None:
    fake.webhook, fake.last_error = set_to, error
    found = {each.check: each for each in await TelegramCheck(section(fake)).run()}

    assert found["telegram.webhook"].state is state
    assert cause in found["telegram.webhook"].cause
