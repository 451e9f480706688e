"""Files that people share on Slack: what goes to the model, and what is named as left out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bots.slack.frontend import open_slack
from bots.slack.settings import SlackSettings
from core.aivax.request import FilePart, ImagePart, TextPart
from core.conversations.attachments import choose, fetch_parts
from core.conversations.request_files import Fetched
from core.domain import PlatformError, Said
from core.settings import LimitsSettings
from tests.platforms.slack import FakeSlack
from tests.samples import PNG
from tests.slack_ears import ears


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


async def shared(
    slack: FakeSlack, *given: tuple[str, bytes, str, dict[str, Any]], **settings: Any
) -> Fetched:
    """What the core makes of a direct message with files."""
    async with ears(slack, **settings) as here:
        files = [slack.file(name, body, kind, **traits) for name, body, kind, traits in given]
        await slack.say(here.ana, slack.dm(here.ana), "", files=files)
        (said,) = await here.heard(Said)
        limits = LimitsSettings(attachment_bytes=1_000)
        wanted = choose(said.attachments, limits, most_in_all=5_000)
        return await fetch_parts(here.frontend, wanted, text_chars=1_000)


async def test_images_documents_and_texts_go_to_the_model(slack: FakeSlack) -> None:
    fetched = await shared(
        slack,
        ("cat.png", PNG, "image/png", {}),
        ("plan.pdf", b"%PDF-1.7", "application/pdf", {}),
        ("notes.md", "é".encode(), "text/markdown", {}),
    )

    assert [type(part) for part in fetched.parts] == [ImagePart, FilePart, TextPart]
    assert fetched.skipped == ()


async def test_a_file_of_slack_connect_is_asked_for_and_read(slack: FakeSlack) -> None:
    fetched = await shared(slack, ("cat.png", PNG, "image/png", {"connect": True}))

    assert [type(part) for part in fetched.parts] == [ImagePart]
    assert fetched.media == ("cat.png",)


async def test_a_question_does_not_wait_for_a_file_that_slack_does_not_tell_of(slack: FakeSlack) -> None:
    slack.hang("files.info")
    fetched = await shared(slack, ("cat.png", PNG, "image/png", {"connect": True}), names_timeout_s=0.05)

    assert ([type(part) for part in fetched.parts], fetched.skipped) == ([ImagePart], ())


@pytest.mark.parametrize(
    ("name", "kind", "traits", "told"),
    [
        ("sheet", "text/html", {"mode": "external"}, "sheet"),
        ("old.png", "image/png", {"mode": "tombstone"}, "F"),
        ("old.png", "image/png", {"mode": "hidden_by_limit"}, "F"),
        ("film.mov", "video/quicktime", {}, "film.mov"),
        ("sheet", "text/plain", {"mode": "external", "connect": True}, "sheet"),
    ],
)
async def test_what_can_t_be_read_is_named(
    slack: FakeSlack, name: str, kind: str, traits: dict[str, Any], told: str
) -> None:
    fetched = await shared(slack, (name, b"x", kind, traits), ("cat.png", PNG, "image/png", {}))

    assert len(fetched.parts) == 1
    (skipped,) = fetched.skipped
    assert skipped.startswith(told)
    assert len(slack.downloads.fetched) == 1


async def test_what_is_too_large_is_not_even_asked_for(slack: FakeSlack) -> None:
    fetched = await shared(slack, ("big.png", b"x" * 1_001, "image/png", {}))

    assert fetched.skipped == ("big.png",)
    assert not slack.downloads.fetched


async def test_a_sign_in_page_is_no_file(slack: FakeSlack) -> None:
    slack.workspace.scopes.discard("files:read")
    fetched = await shared(slack, ("notes.txt", b"hello", "text/plain", {}))

    assert (fetched.parts, fetched.skipped) == ((), ("notes.txt",))


async def test_a_busy_slack_is_waited_for(slack: FakeSlack) -> None:
    slack.rate_limit("files.info", 1)
    async with ears(slack, names_timeout_s=0.05) as here:
        file = slack.file("cat.png", PNG, "image/png", connect=True)
        await slack.say(here.ana, slack.dm(here.ana), "", files=[file])
        (said,) = await here.heard(Said)
        blob = await here.frontend.fetch(said.attachments[0].ref, 1_000)

    assert blob.data == PNG


@asynccontextmanager
async def endless() -> AsyncIterator[tuple[str, list[int]]]:
    """A server whose file never ends, and which does not tell its size; it notes how much was sent."""
    sent = [0]

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "image/png"})
        await response.prepare(request)
        while True:  # no deadline: a file that never ends
            await response.write(b"x" * 65_536)
            sent[0] += 65_536

    app = web.Application()
    app.router.add_get("/file", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    await runner.cleanup()


async def test_a_file_that_is_larger_than_was_told_is_left_at_the_limit() -> None:
    async with endless() as (url, sent), open_slack(SlackSettings(api_url=f"{url}/api/")) as bot:
        with pytest.raises(PlatformError) as refused:
            await bot.fetch(json.dumps({"id": "F1", "url": f"{url}/file"}), 200_000)

    assert refused.value.code == "file_too_large"
    assert sent[0] < 20_000_000
