"""*Try it*, *Gateways* and *Knowledge* in a real browser: in two tabs, by the keyboard, and on a phone at night."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe

from aivax_bots.testing.stage import listening_to, staged
from bots.web.console.at_aivax.desks import knowledge_of
from bots.web.server import serve
from core.domain.console import Role
from tests.console_browser import DESK, NEEDS_CHROMIUM, PHONE, Watch, chromium, window
from tests.console_stage import console_on, sqlite_copy
from tests.test_console_at_aivax import SETTINGS, gateways_on, learn

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.long]
PNG = Path(__file__).parent.parent / "docs" / "console-turn.png"


async def test_somebody_talks_with_the_bot_in_two_tabs_and_on_a_phone(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    url = sqlite_copy(migrated_sqlite, tmp_path)
    at_aivax = {
        "at_aivax": lambda database: {
            "gateways": gateways_on(database),
            "knowledge": knowledge_of(SETTINGS, database),
        }
    }
    async with console_on(url, chat_interval_s=0.2, **at_aivax) as console:
        assert console.chat is not None
        async with (
            serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
            staged(url, console.chat.frontend) as stage,
            listening_to(console.chat.frontend, stage.core.intake),
            chromium() as browser,
        ):
            await learn(console.database, "prices.pdf")
            base, watch = f"http://127.0.0.1:{port}/console", Watch(f"127.0.0.1:{port}")
            ana = await console.user("ana", Role.OWNER)
            desk = await window(browser, DESK)
            await desk.add_cookies([{"name": "aivax-console", "value": ana.cookie, "url": base}])
            first, second = [await desk.new_page() for _ in range(2)]
            for page in (first, second):
                watch.over(page)
                await page.goto(f"{base}/try")

            await first.get_by_label("Your message").fill("tell me of **pigeons**")
            await first.keyboard.press("Enter")
            for page in (first, second):
                await page.get_by_role("button", name="Good answer").wait_for()
            assert await first.locator("#talk > li").count() == 2
            assert await first.get_by_label("Your message").input_value() == ""
            assert await first.evaluate("document.activeElement.id") == "words"
            await first.locator("#chat-said", has_text="pigeons").wait_for(state="attached")
            await first.get_by_role("button", name="Good answer").click()
            await second.locator("#talk > li").nth(2).wait_for()
            await first.get_by_role("button", name="Bad answer").click()
            await first.locator("#comment:focus").wait_for()
            await first.get_by_label("What was wrong").fill("Not blue.")
            await first.get_by_role("button", name="Send the comment").click()
            await second.locator("#talk > li").nth(3).wait_for()
            await first.locator("#files").set_input_files(PNG)
            await first.get_by_role("button", name="Send").click()
            await second.locator(".file img").wait_for()
            await stage.rest()
            assert await second.evaluate("document.querySelector('.file img').naturalWidth") > 0

            phone = await window(
                browser, PHONE, color_scheme="dark", storage_state=await desk.storage_state()
            )
            page = await phone.new_page()
            watch.over(page)
            for path in ("/try", "/gateways", "/knowledge"):
                await page.goto(f"{base}{path}")
                assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0], path
                found = await Axe().run(page)
                assert [each["id"] for each in found.response["violations"]] == [], path
            assert watch.complaints == []
