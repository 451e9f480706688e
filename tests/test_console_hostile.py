"""Whatever people, models, platforms and file names hold is text on every page of the console, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe

from bots.web.server import serve
from core.domain.console import Role
from core.util.text import sound
from tests.console_browser import DESK, NEEDS_CHROMIUM, PHONE, Watch, chromium, window
from tests.console_seed import Size, fill
from tests.console_stage import Console, Page, Surfer, console_on, sqlite_copy
from tests.hostile import HOSTILE
from tests.hostile_stage import FIRST, LAST, LISTS, PATHS, WHOLE, fill_hostile
from tests.test_console_pages import Elements, elements_of

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
REPEATED = {
    *("a", "bdi", "br", "code", "div", "li", "option", "p", "pill", "rect", "small", "span", "strong", "td"),
    *("th", "time", "tr", "form", "input", "button", "svg", "g", "text", "title", "line", "ul", "ol", "i"),
    *("section", "h2", "dt", "dd"),
}
"""Elements of which a page has as many as it has rows."""
NEW = ("/conversations?days=30", "/conversations/4", "/people/2", "/people/2/forget", "/people?q=b", "/audit")


@asynccontextmanager
async def hostile_console(migrated: Path, folder: Path) -> AsyncIterator[tuple[Console, Surfer]]:
    async with console_on(sqlite_copy(migrated, folder), now=lambda: NOW) as console:
        await fill_hostile(console.database, NOW)
        console.frontends.told = [(text, False, text) for text in HOSTILE]
        yield console, await console.user("ana", Role.OWNER)


def test_the_corpus_is_large_and_of_many_kinds() -> None:
    assert len(HOSTILE) >= 200
    for mark in (
        "<script",
        "onerror=",
        "javascript:",
        "{{",
        "\u202e",
        "\r\n",
        "\x00",
        "</style>",
        "filename=",
    ):
        assert any(mark in text for text in HOSTILE), mark


async def test_on_no_page_does_a_text_become_markup_and_every_one_is_shown_as_it_is(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    (tmp_path / "clean").mkdir()
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path / "clean"), now=lambda: NOW) as console:
        last = await fill(console.database, NOW, Size(people=6, turns=150, days=10))
        owner = await console.user("ana", Role.OWNER)
        ids = {str(WHOLE): str(last), str(FIRST): "2", str(LAST): "2"}
        plain = {}
        for path in PATHS:
            like = re.sub(r"[0-9]{3,}", lambda found: ids[found[0]], path)
            plain[path] = elements_of((await owner.see(like)).source)
    async with hostile_console(migrated_sqlite, tmp_path) as (_, owner):
        for path in PATHS:
            page = await owner.see(path)
            assert page.status == 200, path
            assert not _strange(elements_of(page.source), plain[path]), path
        for path, texts in LISTS.items():
            shown = _shown([page async for page in _followed(owner, path)])
            assert [text for text in texts if _normal(text) not in shown] == [], path


def _strange(found: Elements, plain: Elements) -> list[str]:
    """What a page has that it would not have with plain texts in it."""
    counted, usual = (Counter(tag for tag, _ in each.found) for each in (found, plain))
    names = {name for _, names in found.found for name in names}
    return [
        *(tag for tag in counted if tag not in REPEATED and counted[tag] > max(usual[tag], 1)),
        *(
            name
            for name in names
            if name.startswith("on") or name in ("style", "srcdoc", "formaction", "ping")
        ),
        *(to for to in found.addresses if not to.startswith(("/console/", "#"))),
    ]


async def _followed(surfer: Surfer, path: str) -> AsyncIterator[Page]:
    """All pages of a list."""
    for _ in range(100):
        page = await surfer.see(path)
        yield page
        found = re.search(r'href="/console([^"]*)" rel="next"', page.source)
        if found is None:
            return
        path = found[1].replace("&amp;", "&")
    raise AssertionError("the list has no end")


def _shown(pages: list[Page]) -> str:
    return _normal(" ".join(page.text for page in pages))


def _normal(text: str) -> str:
    return "".join(sound(text).split())


async def test_a_hostile_export_is_a_file_to_keep_and_no_page(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with hostile_console(migrated_sqlite, tmp_path) as (_, owner):
        await owner.see(f"/people/{FIRST}")
        got = await owner.send(f"/people/{FIRST}/export")

    assert got.response.headers["content-disposition"] == f'attachment; filename="person-{FIRST}.zip"'
    assert got.response.headers["content-type"] == "application/zip"
    assert got.response.content.startswith(b"PK")


async def test_filters_hold_hostile_texts_as_texts(migrated_sqlite: Path, tmp_path: Path) -> None:
    async with console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as console:
        owner = await console.user("ana", Role.OWNER)
        for text in HOSTILE[:: len(HOSTILE) // 40]:
            fields = {"words": text, "channel": text, "person": text, "who": text, "q": text, "outcome": text}
            for path in ("/conversations", "/people", "/audit", "/turns"):
                response = await owner.client.get(f"/console{path}", params=fields)
                assert response.status_code in (200, 303), (path, text)
                found = elements_of(response.text)
                assert not any(name.startswith("on") for _, names in found.found for name in names), (
                    path,
                    text,
                )
                assert all(to.startswith(("/console/", "#")) for to in found.addresses), (path, text)


# In a browser


@pytest.mark.long
@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
async def test_a_browser_runs_nothing_asks_no_other_host_and_keeps_its_layout(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with (
        hostile_console(migrated_sqlite, tmp_path) as (console, owner),
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium() as browser,
    ):
        watch, dialogs = Watch(f"127.0.0.1:{port}"), []
        for size in (DESK, PHONE):
            context = await window(browser, size)
            address = f"http://127.0.0.1:{port}/"
            await context.add_cookies([{"name": "aivax-console", "value": owner.cookie, "url": address}])
            page = await context.new_page()
            watch.over(page)
            page.on("dialog", lambda dialog: dialogs.append(dialog.message))
            for path in PATHS:
                await page.goto(f"{address}console{path}", wait_until="domcontentloaded")
                assert await page.evaluate("window.hit") is None, path
                assert await page.evaluate("document.documentElement.scrollWidth") == size[0], path
                assert await page.evaluate("document.querySelectorAll('main').length") == 1, path
                box = await page.locator("main h1").first.bounding_box()
                assert box is not None, path
                assert 0 <= box["x"] <= box["x"] + box["width"] <= size[0] + 1, path
            await context.close()

    assert watch.complaints == []
    assert dialogs == []


@pytest.mark.long
@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_lists_and_their_pages_are_accessible_and_fit_a_phone(
    migrated_sqlite: Path, tmp_path: Path, scheme: str
) -> None:
    async with (
        console_on(sqlite_copy(migrated_sqlite, tmp_path), now=lambda: NOW) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium() as browser,
    ):
        last = await fill(console.database, NOW, Size(people=6, turns=150, days=10))
        owner = await console.user("ana", Role.OWNER)
        await owner.see("/people/3")
        await owner.send("/people/3/block")
        context = await window(browser, PHONE, color_scheme=scheme)
        address = f"http://127.0.0.1:{port}/"
        await context.add_cookies([{"name": "aivax-console", "value": owner.cookie, "url": address}])
        page = await context.new_page()
        for path in (*NEW, "/people/3", f"/turns/{last}", "/conversations?words=zzz", "/people?q=zzz"):
            await page.goto(f"{address}console{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0], path
            found = await Axe().run(page)
            assert [each["id"] for each in found.response["violations"]] == [], path
