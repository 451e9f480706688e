"""The console in a real browser: signing in, finding a question, on a desk and on a phone, by day and by night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe

from bots.web.server import serve
from core.domain.console import Role
from tests.console_browser import DESK, NEEDS_CHROMIUM, PHONE, Watch, chromium, window
from tests.console_seed import REFERENCE, Size, fill
from tests.console_stage import PASSWORD, console_on, sqlite_copy
from tests.platforms.identity import FakeOidc
from tests.platforms.identity.oidc import CLIENT, SECRET
from tests.test_console_pages import PATHS

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.long]

LIGHTNESS = (
    "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number).reduce((a, b) => a + b) / 3"
)


async def test_an_owner_signs_in_finds_a_question_and_reads_it_on_the_phone_at_night(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    async with (
        console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium() as browser,
    ):
        last = await fill(console.database, datetime.now(UTC), Size(people=6, turns=200, days=20))
        link = await console.sign_in.make_link(Role.OWNER, resets=True)
        base, watch = f"http://127.0.0.1:{port}/console", Watch(f"127.0.0.1:{port}")

        desk = await window(browser, DESK, color_scheme="light")
        page = await desk.new_page()
        watch.over(page)
        await page.goto(f"{base}/link/{link}")
        await page.get_by_label("Name").fill("Ana")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_label("Password, once more").fill(PASSWORD)
        await page.get_by_role("button", name="Set the password").click()
        await page.get_by_role("heading", name="Overview").wait_for()
        assert await page.locator("svg.plot").count() == 5  # there is no balance yet
        by_day = await page.evaluate(LIGHTNESS)
        await page.get_by_role("searchbox").or_(page.locator("#q")).first.fill(REFERENCE)
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name=f"Turn {last}").wait_for()
        assert "The tool web_search" in await page.locator(".course").inner_text()

        phone = await window(browser, PHONE, color_scheme="dark", storage_state=await desk.storage_state())
        page = await phone.new_page()
        watch.over(page)
        for path in (*PATHS, f"/turns/{last}", "/settings?all=1", "/nothing"):
            await page.goto(f"{base}{path}")
            assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0], path
            found = await Axe().run(page)
            assert [each["id"] for each in found.response["violations"]] == [], path
        at_night = await page.evaluate(LIGHTNESS)
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("heading", name="Sign in").wait_for()

        assert by_day > 230
        assert at_night < 40
        assert [each for each in watch.complaints if "404" not in each] == []  # /nothing


async def test_a_browser_runs_nothing_that_people_wrote(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Even where a page had a hole, its policy would keep the browser from running anything."""
    async with (
        console_on(sqlite_copy(migrated_sqlite, tmp_path)) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium() as browser,
    ):
        page = await (await window(browser, DESK)).new_page()
        await page.goto(f"http://127.0.0.1:{port}/console/sign-in")

        ran = await page.evaluate(
            """() => new Promise(done => {
                const script = document.createElement('script');
                script.textContent = 'window.ran = 2';
                document.body.append(script);
                document.body.insertAdjacentHTML('beforeend', '<img src="data:,x" onerror="window.ran = 1">');
                document.body.lastChild.addEventListener('error', () => done(window.ran ?? 0));
            })"""
        )

        assert ran == 0


async def test_somebody_signs_in_with_an_account_elsewhere_and_out_there_too(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """The way there is no redirect of a form, which the policy would stop at the provider's own redirect."""
    redirects: set[str] = set()
    async with FakeOidc(redirects) as provider, chromium() as browser:
        own = {"issuer": provider.url, "client_id": CLIENT, "client_secret": SECRET, "label": "Example ID"}
        own |= {"owners": ["sub:248289761001"], "ends_there": True}
        async with (
            console_on(sqlite_copy(migrated_sqlite, tmp_path), oidc=own) as console,
            serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        ):
            base = f"http://127.0.0.1:{port}/console"
            redirects.add(f"{base}/sign-in/with/oidc/back")
            provider.sends_on = True
            page = await (await window(browser, PHONE, color_scheme="dark")).new_page()
            await page.goto(f"{base}/people")
            found = await Axe().run(page)
            await page.get_by_role("button", name="Sign in with Example ID").click()
            await page.get_by_role("heading", name="People", exact=True).wait_for()
            await page.get_by_role("button", name="Sign out").click()
            await page.wait_for_url(f"{provider.url}/end?*")
            await page.goto(f"{base}/account")
            await page.get_by_role("heading", name="Sign in").wait_for()
            await page.goto(f"{base}/sign-in/with/oidc/back?state=x&code=y")
            await page.get_by_role("heading", name="You are not signed in").wait_for()
            refused = await Axe().run(page)
            width = await page.evaluate("document.documentElement.scrollWidth")

    assert [each["id"] for one in (found, refused) for each in one.response["violations"]] == []
    assert width == PHONE[0]
