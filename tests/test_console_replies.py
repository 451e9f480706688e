"""Sentences changed in the console: checked, previewed, in force at once in every process, reset; seen in a chat."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bots.reloading import LiveSettings
from bots.settings import Settings
from core.console.wording import Wording
from core.domain.audit import Actor, Via
from core.domain.console import Role
from core.i18n import LANGUAGES, PHRASES, Phrase, Translators
from core.i18n.settings import RepliesSettings
from core.storage.console.wordings import WordingStore
from core.storage.db import Database, audit_log, console_wordings
from sandbox.server import serve
from tests.console_browser import DESK, NEEDS_CHROMIUM, PHONE, Watch, chromium, window
from tests.console_stage import PASSWORD, Console, console_on, sqlite_copy
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.test_console_pages import PAYLOADS, elements_of
from tests.town import Town, running
from tests.waiting import until

ANA = Actor(Via.CONSOLE, "ana")
OWN = "Zu viel auf einmal. {most} sind genug."


@pytest.fixture
async def console(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Console]:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path)) as opened:
        yield opened


async def kept(database: Database) -> list[tuple[str, str, str]]:
    query = select(console_wordings.c["language", "key", "text"]).order_by(console_wordings.c.key)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]


# In the pages


async def test_a_sentence_is_previewed_saved_and_reset(console: Console) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    form = await operator.see("/replies/es/message_too_long")
    previewed = await operator.send(
        "/replies/es/message_too_long/preview", text="Son {length}, máximo {most}."
    )
    nothing = await kept(console.database)
    saved = await operator.send("/replies/es/message_too_long", text="Son {length}, máximo {most}.")
    page = await operator.see(saved.to.removeprefix("/console"))
    again = await operator.see("/replies/es/message_too_long")
    rows = await kept(console.database)
    reset = await operator.send("/replies/es/message_too_long/reset", text="x")
    english = await operator.see("/replies?language=en")

    assert "{length} 52,817" in form.text or "{length} 52.817" in form.text
    assert "What people read Son 52.817, máximo 40.000." in previewed.text
    assert previewed.status == 200
    assert nothing == []
    assert saved.status == 303
    assert "message_too_long changed here saved Son {length}, máximo {most}." in page.text
    assert "What is said without a change here" in again.text
    assert rows == [("es", "message_too_long", "Son {length}, máximo {most}.")]
    assert reset.status == 303
    assert await kept(console.database) == []
    assert "máximo {most}" not in english.text


async def test_the_console_stands_above_the_configuration_and_that_above_the_catalogue(
    console: Console,
) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    before = await operator.see("/replies/en/busy")
    await operator.send("/replies/en/busy", text="Not now.")
    after = await operator.see("/replies/en/busy")
    await operator.send("/replies/en/busy/reset", text="")
    back = await operator.see("/replies/en/busy")

    assert "busy your wording" in before.text
    assert ">Come back later.</textarea>" in before.source
    assert "busy changed here" in after.text
    assert ">Not now.</textarea>" in after.source
    assert "What is said without a change here Come back later." in after.text
    assert back.text == before.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *(("", "may not be empty"), ("  \n ", "may not be empty"), ("a } b", "is written twice")),
        *(("{name}", "has no placeholder {name}"), ("{}", "has no placeholder {}")),
        *(("{reference!r}", "Write {reference} with nothing"), ("{reference:>9}", "Write {reference} with")),
        *(("x" * 2_001, "2,000 characters at most"), ("a\x00b", "characters in it that are no text")),
    ],
)
async def test_what_would_fail_in_a_conversation_is_not_kept(console: Console, text: str, told: str) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    await operator.see("/replies/en/unknown")

    got = await operator.send("/replies/en/unknown", text=text)

    assert got.status == 400
    assert told in got.text
    assert await kept(console.database) == []


async def test_viewers_change_nothing_and_what_there_is_not_is_told(console: Console) -> None:
    viewer, operator = await console.user("vic", Role.VIEWER), await console.user("ola", Role.OPERATOR)
    listed = await viewer.see("/replies")
    await viewer.see("/account")
    refused = [
        await viewer.see("/replies/en/busy"),
        await viewer.send("/replies/en/busy", text="x"),
        await viewer.send("/replies/en/busy/reset", text="x"),
    ]
    await operator.see("/replies/en/busy")
    missing = [
        await operator.send(path, text="x")
        for path in (
            "/replies/xx/busy",
            "/replies/en/nothing",
            "/replies/xx/busy/reset",
            "/replies/en/x/preview",
        )
    ]

    assert "Edit" not in listed.text
    assert [page.status for page in refused] == [403, 403, 403]
    assert [page.status for page in missing] == [404] * 4
    assert await kept(console.database) == []


async def test_each_change_is_in_the_audit_log(console: Console) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    await operator.see("/replies/en/busy")
    await operator.send("/replies/en/busy", text="Not now.")
    await operator.send("/replies/en/busy/reset", text="")
    await operator.send("/replies/en/busy/reset", text="")  # nothing is left to reset

    async with console.database.read() as connection:
        query = select(audit_log.c["actor", "subject", "detail"]).where(audit_log.c.action == "reply.change")
        rows = [tuple(row) for row in await connection.execute(query.order_by(audit_log.c.id))]
    assert rows == [("ola", "busy (en)", "set"), ("ola", "busy (en)", "reset")]


async def test_a_sentence_is_text_alone_on_its_page(console: Console) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    clean = {tag for tag, _ in elements_of((await operator.see("/replies/en/busy")).source).found}
    for payload in PAYLOADS:
        written = re.sub(r"[{}]", "", payload)
        await operator.send("/replies/en/busy", text=written)
        for path in ("/replies/en/busy", "/replies"):
            page = await operator.see(path)
            assert page.status == 200
            if path != "/replies":
                assert {tag for tag, _ in elements_of(page.source).found} <= {
                    *clean,
                    "section",
                    "div",
                    "p",
                }, payload


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_sentence_can_be_opened_with_its_samples(console: Console, language: str) -> None:
    operator = await console.user("ola", Role.OPERATOR)
    for phrase in PHRASES[:: max(1, len(PHRASES) // 12)]:
        page = await operator.see(f"/replies/{language}/{phrase.key}")

        assert page.status == 200, phrase.key
        assert "What people read" in page.text
        assert all(f"{{{name}}}" in page.text for name in phrase.placeholders)


# In every process


def process(database: Database) -> tuple[LiveSettings, Wording]:
    live = LiveSettings(Settings(replies=RepliesSettings(sentences={"busy": "Later."})))  # type: ignore[call-arg]
    return live, Wording(WordingStore(database, database.now), live.say)


async def test_every_process_says_it_at_once_and_a_reload_keeps_it(migrated_url: str) -> None:
    async with Database(migrated_url) as one, Database(migrated_url) as other:
        (here, mine), (there, theirs) = process(one), process(one if one.is_sqlite else other)
        translators = [Translators(following=each.settings.replies) for each in (here, there)]
        hearing = asyncio.create_task((mine if one.is_sqlite else theirs).run())
        said = [each.of("en").say(Phrase.BUSY) for each in translators]

        await mine.change("en", "busy", "Not now.", ANA)
        if one.is_sqlite:  # one process has the file
            await theirs.read()
        await until("the other one", lambda: translators[1].of("en").say(Phrase.BUSY) == "Not now.")
        here.adopt(here.in_force)
        kept_by_a_reload = translators[0].of("en").say(Phrase.BUSY)
        spanish = translators[0].of("es").say(Phrase.BUSY)
        await mine.reset("en", "busy", ANA)
        if one.is_sqlite:
            await theirs.read()
        await until("the reset", lambda: translators[1].of("en").say(Phrase.BUSY) == "Later.")
        hearing.cancel()

    assert said == ["Later.", "Later."]
    assert kept_by_a_reload == "Not now."
    assert spanish == "Later."
    assert translators[0].of("en").say(Phrase.BUSY) == "Later."


async def test_what_an_update_made_unusable_is_passed_over(migrated_url: str) -> None:
    async with Database(migrated_url) as database:
        live, wording = process(database)
        store = WordingStore(database, database.now)
        await store.put("en", "gone_with_an_update", "x", ANA)
        await store.put("en", "busy", "Wait {of_another_version}.", ANA)
        await store.put("es", "busy", "¡Ahora no!", ANA)

        await wording.read()

        translators = Translators(following=live.settings.replies)
        assert translators.of("en").say(Phrase.BUSY) == "Later."
        assert translators.of("es").say(Phrase.BUSY) == "¡Ahora no!"
        with pytest.raises(ValueError, match="busy"):
            await wording.change("en", "busy", "{nothing}", ANA)


# Over the wire


async def test_a_changed_sentence_is_what_people_read_in_the_chat(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    storage = f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"
    more = f"\n[limits]\nmessage_chars = 20\n[web]\nport = {unused_tcp_port}\n[web.console]\nenabled = true\n"
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        town = Town(slack, discord, sandbox, storage)
        async with running(tmp_path, town.config() + more) as bot:
            link = (await bot.line()).split(" at ")[1].split()[0]
            await bot.line()
            await town.ask_on_slack("a question that is longer than twenty characters", answer="20")
            base = link.partition("/link/")[0]
            async with httpx.AsyncClient(headers={"Origin": base.removesuffix("/console")}) as browser:
                token = token_of(await browser.get(link))
                fields = {"name": "ana", "password": PASSWORD, "again": PASSWORD, "form_token": token}
                await browser.post(link, data=fields)
                to = f"{base}/replies/en/message_too_long"
                token = token_of(await browser.get(to))
                saved = await browser.post(to, data={"text": OWN, "form_token": token})
            asked = f"<@{discord.bot.id}> one more question that is too long"
            await discord.say(town.ben, town.lobby, asked)
            await discord.until(lambda: "genug" in read_on(discord, town))
            told = read_on(discord, town)

    assert saved.status_code == 303
    assert "Zu viel auf einmal. 20 sind genug." in told


def read_on(discord: FakeDiscord, town: Town) -> str:
    return " ".join(answer.content for answer in discord.answers(town.lobby))


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
@pytest.mark.long
async def test_an_operator_edits_a_sentence_in_a_browser_and_on_a_phone(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    from axe_playwright_python.async_playwright import Axe

    from bots.web.server import serve as serve_web

    async with (
        console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console,
        serve_web([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium() as browser,
    ):
        operator = await console.user("ola", Role.OPERATOR)
        base, watch = f"http://127.0.0.1:{port}/console", Watch(f"127.0.0.1:{port}")
        cookie = {"name": "aivax-console", "value": operator.cookie, "url": base}
        for size, scheme in ((DESK, "light"), (PHONE, "dark")):
            context = await window(browser, size, color_scheme=scheme)
            await context.add_cookies([cookie])
            page = await context.new_page()
            watch.over(page)
            await page.goto(f"{base}/replies")
            await page.get_by_role("link", name="Edit message_too_long", exact=True).click()
            await page.get_by_label("Sentence").fill(OWN)
            await page.get_by_role("button", name="Preview").click()
            await page.get_by_text("Zu viel auf einmal. 40,000 sind genug.").wait_for()
            assert await page.evaluate("document.documentElement.scrollWidth") == size[0]
            found = await Axe().run(page)
            assert [each["id"] for each in found.response["violations"]] == []
            await page.get_by_role("button", name="Save").click()
            await page.get_by_text("saved", exact=True).wait_for()
        assert watch.complaints == []
