"""The app's Home tab: a page for one person, made of the text and the buttons of the core.

Shapes: docs.slack.dev, "App Home", "Header block" (150 characters), "Section block" (3,000), 100 blocks in a view.
A view takes no Markdown, so the few forms that the core's own sentences use are written in Slack's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from types import TracebackType
from typing import Any, Self

from bots.slack.delivery.markup_out import escaped
from bots.slack.events.address import Address
from bots.slack.events.buttons import button_blocks
from bots.slack.transport.api import SlackApi
from core.delivery.platform_retry import patiently
from core.domain import Apology, Button, Footer, Ledger, OutcomeUnknown, PlatformBusy, Status

_BUDGET_S = 20.0
_HEADER_CHARS, _SECTION_CHARS, _MOST_BLOCKS = 150, 3_000, 100
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_BOLD, _BULLET = re.compile(r"\*\*(.+?)\*\*"), re.compile(r"^([ \t]*)[-*] ", re.MULTILINE)


class HomePage:
    """A `ReplySurface` that shows its text as the person's Home tab. Publishing it again changes nothing."""

    def __init__(self, api: SlackApi, place: Address, ledger: Ledger) -> None:
        self._api = api
        self._place = place
        self._ledger = ledger
        self._text = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A page that was not finished is not shown."""

    async def write(self, delta: str) -> None:
        self._text += delta

    async def note(self, status: Status) -> None:
        """A page has no room for what goes on."""

    async def offer(self, buttons: Sequence[Button]) -> None:
        """Buttons come with the whole page."""

    async def pause(self) -> None:
        """Nothing is shown before the page is whole."""

    async def finish(self, footer: Footer) -> None:
        await self._publish("\n\n".join(part for part in (self._text, footer.text) if part), footer.buttons)

    async def fail(self, apology: Apology) -> None:
        await self._publish(apology.text, apology.buttons)

    async def _publish(self, text: str, buttons: Sequence[Button]) -> None:
        await self._ledger.check()
        view = page(text, buttons, self._place.channel)
        await patiently(
            partial(self._api.write, "views.publish", user_id=self._place.user, view=view),
            budget_s=_BUDGET_S,
            retry=(PlatformBusy, OutcomeUnknown),
            now=self._api.app.now,
            sleep=self._api.app.sleep,
        )


def page(text: str, buttons: Sequence[Button], channel: str) -> dict[str, Any]:
    """Make the view. The buttons of the last section come first, then the others, each kind in a row of its own."""
    blocks = [block for part in re.split(r"\n{2,}", text) for block in _section(part)]
    rows = [list(row) for _, row in groupby(buttons, key=lambda button: button.action)]
    below = [block for row in sorted(rows, key=len, reverse=True) for block in button_blocks(row)]
    return {
        "type": "home",
        "private_metadata": channel,
        "blocks": [*blocks[: _MOST_BLOCKS - len(below)], *below],
    }


def _section(part: str) -> Iterator[dict[str, Any]]:
    first, _, rest = part.strip().partition("\n")
    heading = _HEADING.fullmatch(first)
    if heading:
        yield {
            "type": "header",
            "text": {"type": "plain_text", "text": heading.group(1)[:_HEADER_CHARS]},
        }
    body = escaped(rest if heading else part)
    body = _BULLET.sub(r"\1• ", _BOLD.sub(r"*\1*", body)).strip()
    for at in range(0, len(body), _SECTION_CHARS):
        yield {"type": "section", "text": {"type": "mrkdwn", "text": body[at : at + _SECTION_CHARS]}}
