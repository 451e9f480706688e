"""Takes the pictures of docs/console.md: a real Chromium looks at the console over made-up weeks.

Run it as `.venv/bin/python docs/draw_console.py` after a change of the pages. Fonts differ between machines, and the
pictures with them.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE))

from bots.web.server import serve  # noqa: E402  the checkout's own
from core.domain.console import Role  # noqa: E402
from core.storage.db import Database, migrate  # noqa: E402
from core.storage.rollups.counting import RollupStore  # noqa: E402
from tests.console_browser import DESK, PHONE, chromium, window  # noqa: E402
from tests.console_seed import fill  # noqa: E402
from tests.console_stage import PASSWORD, console_on  # noqa: E402

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)


async def note_balances(database: Database) -> None:
    """What the account had on the last days."""
    store = RollupStore(database, "")
    for back in range(20, -1, -1):
        await store.note_balance(41.5 + 1.15 * back - (25 if back > 12 else 0), NOW - timedelta(days=back))


async def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite+aiosqlite:///{scratch}/console.sqlite3"
        async with Database(url) as database:
            await migrate.upgrade(database)
            last = await fill(database, NOW)
        async with (
            console_on(url, now=lambda: NOW) as console,
            serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
            chromium() as browser,
        ):
            await console.count_days()
            await note_balances(console.database)
            console.frontends.told = [("slack", True, ""), ("discord", True, "")]
            base, link = f"http://127.0.0.1:{port}/console", await console.sign_in.make_link(Role.OWNER)
            desk = await window(browser, DESK, color_scheme="light")
            page = await desk.new_page()
            await page.goto(f"{base}/link/{link}")
            await page.get_by_label("Name").fill("ana")
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.get_by_label("Password, once more").fill(PASSWORD)
            await page.get_by_role("button", name="Set the password").click()
            await page.get_by_role("heading", name="Overview").wait_for()
            await page.screenshot(path=folder / "console-overview.png")
            for name, path in (("conversations", "conversations"), ("person", "people/2")):
                await page.goto(f"{base}/{path}")
                await page.screenshot(path=folder / f"console-{name}.png")
            phone = await window(
                browser, PHONE, color_scheme="dark", storage_state=await desk.storage_state()
            )
            page = await phone.new_page()
            await page.goto(f"{base}/turns/{last}")
            await page.screenshot(path=folder / "console-turn.png")


if __name__ == "__main__":
    asyncio.run(main(TREE / "docs"))
