"""The console of a running bot in a real browser: why somebody got no answer, another try, a person, a session."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.faults import Fault
from sandbox.server import serve
from tests.console_browser import DESK, NEEDS_CHROMIUM, Watch, chromium, window
from tests.console_stage import PASSWORD
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.town import Town, running

pytestmark = [*NEEDS_CHROMIUM, pytest.mark.long]


async def test_a_failed_question_is_found_tried_again_and_answered_and_its_author_is_forgotten(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    storage = f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"
    more = f"\n[web]\nport = {unused_tcp_port}\n[web.console]\nenabled = true\n"
    async with (
        FakeSlack() as slack,
        FakeDiscord() as discord,
        serve(plan="max") as sandbox,
        chromium() as browser,
    ):
        town = Town(slack, discord, sandbox, storage)
        async with running(tmp_path, town.config() + more) as bot:
            link = (await bot.line()).split(" at ")[1].split()[0]
            await bot.line()
            sandbox.state.faults.add(Fault("completions", "status", status=400))
            question = await slack.say(town.ana, town.general, f"{slack.mention} where is the alpha valve?")
            await bot.says("turn.failed")
            reference = re.findall(r"reference=(\w+)", " ".join(bot.log))[-1]
            base, watch = link.partition("/link/")[0], Watch(f"127.0.0.1:{unused_tcp_port}")

            desk = await window(browser, DESK)
            page = await desk.new_page()
            watch.over(page)
            await page.goto(link)
            await page.get_by_label("Name").fill("ana")
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.get_by_label("Password, once more").fill(PASSWORD)
            await page.get_by_role("button", name="Set the password").click()
            await page.get_by_role("heading", name="Overview").wait_for()
            await page.locator("#q").first.fill(reference)
            await page.keyboard.press("Enter")
            await page.get_by_text("RequestRefused").first.wait_for()
            sandbox.state.tokens_per_s = 60.0
            await page.get_by_role("button", name="Try again").click()
            await page.get_by_role("heading", name="Waiting").wait_for()
            await page.goto(f"{base}/turns/2")  # another try is a turn of its own; its page follows it
            await page.locator(".course").get_by_text("answered").first.wait_for()
            answer = await slack.until(lambda: town._slack_answer(town.general, question, "alpha valve"))

            other = await (await window(browser, DESK)).new_page()
            watch.over(other)
            await other.goto(f"{base}/sign-in")
            await other.get_by_label("Name").fill("ana")
            await other.get_by_label("Password").fill(PASSWORD)
            await other.get_by_role("button", name="Sign in").click()
            await other.get_by_role("heading", name="Overview").wait_for()
            await page.goto(f"{base}/account")
            rows = page.locator("table.rows tbody tr")
            await rows.filter(has_not_text="this one").get_by_role("button", name="End").click()
            await rows.filter(has_not_text="this one").first.wait_for(state="detached")
            await other.goto(f"{base}/people")
            await other.get_by_role("heading", name="Sign in").wait_for()

            await page.goto(f"{base}/people")
            await page.locator("main").get_by_role("link", name="ana").first.click()
            await page.get_by_role("link", name="Forget").click()
            await page.get_by_role("checkbox").check()
            await page.locator("button.danger").click()
            await page.get_by_role("heading", name="Forget ana?").wait_for(state="detached")
            await bot.says("deletion.done")

        assert "alpha valve" in answer
        assert watch.complaints == []
    left = b"".join(each.read_bytes() for each in tmp_path.glob("bot.sqlite3*"))
    assert b"alpha valve" not in left
