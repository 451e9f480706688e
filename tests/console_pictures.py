"""Pictures of the console that are the same on every machine: one seed, one moment, and the fonts of one package.

`docs/draw_console.py` draws those of the documentation with it, and `tests/test_console_pictures.py` compares.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from bots.web.server import serve
from core.domain.console import Role
from core.storage.db import Database
from core.storage.rollups.counting import RollupStore
from tests.console_browser import DESK, PHONE, chromium, window
from tests.console_seed import fill
from tests.console_stage import Console, console_on

NOW = datetime(2026, 9, 2, 15, 20, tzinfo=UTC)
FONTS = Path("/usr/share/fonts/truetype/dejavu")
"""Of Debian's package fonts-dejavu-core."""
NEEDS_FONTS = (
    pytest.mark.skipif(
        not (FONTS / "DejaVuSans.ttf").exists(),
        reason="there is no DejaVu here (Debian: apt-get install fonts-dejavu-core)",
    ),
    pytest.mark.may_skip("there may be no such fonts on this machine"),
)
_ONLY_THESE = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir>{fonts}</dir>
<cachedir>{cache}</cachedir>
<selectfont>
<rejectfont><glob>*</glob></rejectfont>
<acceptfont><glob>*/DejaVuSans.ttf</glob><glob>*/DejaVuSans-Bold.ttf</glob></acceptfont>
<acceptfont><glob>*/DejaVuSansMono.ttf</glob><glob>*/DejaVuSansMono-Bold.ttf</glob></acceptfont>
</selectfont>
<match><test name="family"><string>system-ui</string></test>
<edit name="family" mode="assign" binding="strong"><string>DejaVu Sans</string></edit></match>
<match><test name="family"><string>monospace</string></test>
<edit name="family" mode="assign" binding="strong"><string>DejaVu Sans Mono</string></edit></match>
<match><test name="family"><string>ui-monospace</string></test>
<edit name="family" mode="assign" binding="strong"><string>DejaVu Sans Mono</string></edit></match>
<match target="font"><edit name="hinting" mode="assign"><bool>false</bool></edit></match>
<match target="font"><edit name="rgba" mode="assign"><const>none</const></edit></match>
</fontconfig>
"""


def only_these_fonts(folder: Path) -> Mapping[str, str]:
    """The environment of a program that sees the fonts of the package alone, and no settings of the machine."""
    settings = folder / "fonts.conf"
    settings.write_text(_ONLY_THESE.format(fonts=FONTS, cache=folder / "fonts"))
    return {**os.environ, "FONTCONFIG_FILE": str(settings)}


@dataclass
class Sitting:
    """The console over made-up weeks, and a browser that an owner is signed in with."""

    console: Console
    browser: Browser
    base: str
    last: int
    """The last turn."""
    cookie: str

    async def page(self, path: str, *, phone_at_night: bool = False) -> Page:
        """An owner looks at a page."""
        size, scheme = (PHONE, "dark") if phone_at_night else (DESK, "light")
        context = await window(self.browser, size, color_scheme=scheme, locale="en-US")
        await context.add_cookies([{"name": "aivax-console", "value": self.cookie, "url": self.base}])
        page = await context.new_page()
        await page.goto(f"{self.base}{path}")
        return page


@asynccontextmanager
async def sitting(url: str, folder: Path) -> AsyncIterator[Sitting]:
    """On a migrated, empty database."""
    async with Database(url) as database:
        last = await fill(database, NOW)
    async with (
        console_on(url, now=lambda: NOW) as console,
        serve([], {"/console": console.app}, "127.0.0.1", 0) as port,
        chromium(only_these_fonts(folder)) as browser,
    ):
        await console.count_days()
        await _note_balances(console.database)
        console.frontends.told = [("slack", True, ""), ("discord", True, "")]
        owner = await console.user("ana", Role.OWNER)
        yield Sitting(console, browser, f"http://127.0.0.1:{port}/console", last, owner.cookie)


async def _note_balances(database: Database) -> None:
    """What the account had on the last days."""
    store = RollupStore(database, "")
    for back in range(20, -1, -1):
        await store.note_balance(41.5 + 1.15 * back - (25 if back > 12 else 0), NOW - timedelta(days=back))
