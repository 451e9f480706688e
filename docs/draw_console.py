"""Takes the pictures of docs/console.md: a real Chromium looks at the console over made-up weeks.

Run it as `.venv/bin/python docs/draw_console.py` after a change of the pages: `tests/test_console_pictures.py` compares
the first one. It needs Debian's chromium and fonts-dejavu-core; on other machines the pictures are the same but for a
few points.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE))

from core.storage.db import Database, migrate  # noqa: E402  the checkout's own
from tests.console_pictures import sitting  # noqa: E402
from tests.console_stage import Console  # noqa: E402

ANSWER = (
    "**Starter** and **Team** have one, *Business* does not:\n\n"
    "| Plan | Trial |\n|---|---|\n| Starter | 14 days |\n| Team | 30 days |"
)
BUTTONS = [
    {"action": name, "turn": "k1", "label": label, "value": ""}
    for name, label in (("regenerate", "Answer again"), ("good", "Good answer"), ("bad", "Bad answer"))
]


async def talk(console: Console) -> None:
    """Have something stand in the chat of the owner."""
    if console.chat is None:
        raise RuntimeError("there is no chat")
    store = console.chat.store
    await store.say(1, "a", "Which of our plans has a trial?", locale="")
    await store.post(1, "n1", ANSWER, buttons=BUTTONS)
    await store.suggest(1, ["How long is it?", "What does it cost after that?"])


async def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite+aiosqlite:///{scratch}/console.sqlite3"
        async with Database(url) as database:
            await migrate.upgrade(database)
        async with sitting(url, Path(scratch)) as seen:
            for name, path in (
                ("overview", "/"),
                ("conversations", "/conversations"),
                ("person", "/people/2"),
            ):
                page = await seen.page(path)
                await page.screenshot(path=folder / f"console-{name}.png")
            await talk(seen.console)
            page = await seen.page("/try")
            await page.screenshot(path=folder / "console-try.png")
            page = await seen.page(f"/turns/{seen.last}", phone_at_night=True)
            await page.screenshot(path=folder / "console-turn.png")


if __name__ == "__main__":
    asyncio.run(main(TREE / "docs"))
