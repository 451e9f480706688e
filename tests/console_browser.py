"""A real Chromium for tests of the console: the system's own, driven by Playwright, which brings none."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
NEEDS_CHROMIUM = (
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no Chromium here (Debian: apt-get install chromium)"
    ),
    pytest.mark.may_skip("there may be no Chromium on this machine"),
)
WITHIN_MS = 90_000
"""As `tests.waiting.WITHIN_S`: for a busy machine."""
DESK, PHONE = (1280, 860), (390, 844)


@dataclass
class Watch:
    """What a browser complained of, and where it went beside the console."""

    host: str
    complaints: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("console", lambda said: self.complaints.append(said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._requested)

    def _requested(self, request: Any) -> None:
        if not request.url.startswith(f"http://{self.host}/"):
            self.complaints.append(f"asked {request.url}")


@asynccontextmanager
async def chromium(environment: Mapping[str, str] | None = None) -> AsyncIterator[Browser]:
    """`environment`: of the browser; None: ours."""
    async with async_playwright() as driver:
        arguments = ["--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none"]
        browser = await driver.chromium.launch(
            executable_path=CHROMIUM,
            args=arguments,
            timeout=WITHIN_MS,
            chromium_sandbox=False,
            env=dict(environment) if environment is not None else None,
        )
        yield browser
        await browser.close()


async def window(browser: Browser, size: Sequence[int], **options: Any) -> BrowserContext:
    """A window with cookies of its own."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(WITHIN_MS)
    return context
