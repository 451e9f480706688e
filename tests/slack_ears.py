"""A Slack frontend that listens to a Slack on loopback, and what it brings: for the tests of what people do there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar

from bots.slack.frontend import SlackFrontend, open_slack
from bots.slack.settings import SlackSettings
from core.domain import Button, Event, Footer, PlatformError
from tests.fakes import FakeLedger
from tests.listening import Inbox, Lamp
from tests.platforms.slack import Channel, FakeSlack, Interaction, Person, Shown

E = TypeVar("E", bound=Event)

HASTE = 200.0


def hasty_now() -> float:
    """A clock on which Slack's seconds pass in no time."""
    return time.monotonic() * HASTE


async def hasty_sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / HASTE)


class Ears:
    """The frontend, listening, in a workspace with two people and a channel."""

    def __init__(self, slack: FakeSlack, frontend: SlackFrontend, inbox: Inbox) -> None:
        self.slack, self.frontend, self.inbox = slack, frontend, inbox
        self.ana, self.ben = slack.person("ana"), slack.person("ben", locale="pt-BR")
        self.general = slack.channel("general", [self.ana, self.ben])

    async def heard(self, kind: type[E], count: int = 1) -> list[E]:
        """Wait for so many events of a kind, and for Slack to have every acknowledgement."""
        await self.slack.until(lambda: len(self._of(kind)) >= count)
        await self.quiet()
        assert len(self._of(kind)) == count
        return self._of(kind)

    def _of(self, kind: type[E]) -> list[E]:
        return [each for each in self.inbox.events if isinstance(each, kind)]

    async def quiet(self) -> None:
        await self.slack.until(lambda: not self.slack.unacked)

    async def done(self, interaction: Interaction) -> Interaction:
        """Wait until an interaction is acknowledged."""
        await self.slack.until(lambda: interaction.acked)
        return interaction

    async def answer(self, address: str, text: str, buttons: Sequence[Button] = ()) -> None:
        async with self.frontend.reply_to(address, FakeLedger()) as surface:
            await surface.write(text)
            await surface.finish(Footer(buttons=tuple(buttons)))

    def seen_by(self, person: Person, channel: Channel, thread_ts: str | None = None) -> list[Shown]:
        return [each for each in self.slack.visible(channel, thread_ts, to=person) if each.is_bot]


class Watched(Inbox):
    """An inbox that wakes whoever waits for a change of the fake."""

    def __init__(self, slack: FakeSlack) -> None:
        super().__init__()
        self._slack = slack

    async def receive(self, event: Event) -> Any:
        receipt = await super().receive(event)
        self._slack.changed()
        return receipt

    async def looked_back(self, _platform: str, workspace: str, since: datetime) -> None:
        await super().looked_back(_platform, workspace, since)
        self._slack.changed()


def settings_at(slack: FakeSlack, **more: Any) -> SlackSettings:
    given = {"bot_token": slack.bot_token, "app_token": slack.app_token, "api_url": slack.api_url}
    return SlackSettings(**{**given, **more})


@asynccontextmanager
async def ears(slack: FakeSlack, inbox: Inbox | None = None, **settings: Any) -> AsyncIterator[Ears]:
    inbox, lamp = inbox or Watched(slack), Lamp()
    async with open_slack(settings_at(slack, **settings), now=hasty_now, sleep=hasty_sleep) as frontend:
        listening = asyncio.create_task(frontend.listen(inbox, lamp))
        lit = asyncio.create_task(lamp.lit.wait())
        await asyncio.wait([listening, lit], return_when=asyncio.FIRST_COMPLETED, timeout=10)
        lit.cancel()
        if listening.done():
            listening.result()
        try:
            yield Ears(slack, frontend, inbox)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError, PlatformError):
                await listening
