"""Slack, as the core's `Frontend`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bots.slack import files
from bots.slack.address import PLATFORM, Where, where
from bots.slack.api import SlackApi, open_api
from bots.slack.calls import Calls
from bots.slack.channel import Signs, SlackChannel, react
from bots.slack.connection import bolt_app, open_socket, watch_over
from bots.slack.people import People
from bots.slack.rest import RestOfLedger
from bots.slack.settings import SlackSettings
from bots.slack.streams import Streams
from bots.slack.surface import StreamingSurface
from bots.slack.surroundings import quotes
from bots.slack.translate import Bot, translate
from bots.slack.whisper import Whisper
from bots.slack.writing import Writing
from core.errors import FrontendRefused, FrontendUnreachable, OutcomeUnknown, PlatformBusy
from core.messages import Blob, Event, Quote
from core.ports import Intake, Ledger, ReplySurface, Watch
from core.reply.editing import EditingSurface

log = structlog.get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]
Now = Callable[[], float]


class SlackFrontend:
    """One Slack app in one workspace. Made by `open_slack`."""

    def __init__(self, api: SlackApi, people: People, *, now: Now, sleep: Sleep) -> None:
        self._api = api
        self._settings = api.settings
        self._people = people
        self._signs = Signs(api)
        self._streams = Streams()
        self._now = now
        self._sleep = sleep

    @property
    def platform(self) -> str:
        return PLATFORM

    async def listen(self, intake: Intake, watch: Watch) -> None:
        """Check the tokens, open a socket and bring its events in, until cancelled or until it stays lost.

        Raises:
            FrontendRefused: a token is missing or wrong; `setting` names it.
            FrontendUnreachable: Slack can't be reached, or the socket does not stay open.
        """
        try:
            await self._listen(intake, watch)
        except (FrontendRefused, FrontendUnreachable) as exc:
            watch.down(exc)
            raise

    async def _listen(self, intake: Intake, watch: Watch) -> None:
        bot, url = await self._preflight()

        async def receive(payload: dict[str, Any]) -> None:
            try:
                event = translate(payload, bot)
                if event is not None:
                    await intake.receive(await self._named(event))
            except Exception:
                log.exception("slack.event_not_stored")
                raise  # so that it is not acknowledged, and comes again

        async with open_socket(self._api, url, bolt_app(self._api, bot, receive)) as socket:
            await watch_over(socket, self._settings, watch, self._sleep)

    async def _preflight(self) -> tuple[Bot, str]:
        """Try both tokens before the SDK does: it would try a wrong one for ever, without a word."""
        _require(
            self._settings.bot_token.get_secret_value(), "xoxb-", "[slack] bot_token", "OAuth & Permissions"
        )
        _require(
            self._settings.app_token.get_secret_value(), "xapp-", "[slack] app_token", "Basic Information"
        )
        try:
            bot = await self._api.ask_again()
            return bot, await self._api.open_socket()
        except (PlatformBusy, OutcomeUnknown) as exc:
            raise FrontendUnreachable(PLATFORM, setting="[slack] api_url", detail=exc.detail) from exc

    async def _named(self, event: Event) -> Event:
        person = await self._people.find(event.author.identity.user)
        return replace(event, author=replace(event.author, name=person.name, locale=person.locale))

    def reply_to(self, address: str, ledger: Ledger) -> ReplySurface:
        """Answer by a native stream in direct messages, by post-and-edit elsewhere.

        Raises:
            PlaceClosed: the address is none of ours.
        """
        place = where(address)
        if place.whisper:
            return self._editing(Whisper(self._api, place, self._signs), ledger)
        channel = SlackChannel(self._api, place, self._signs)
        if not self._streams.possible(place, self._settings):
            return self._editing(channel, ledger)
        calls = Calls(self._api, place, channel, ledger, now=self._now, sleep=self._sleep)
        writing = Writing(calls, place, ledger, self._streams, now=self._now, sleep=self._sleep)
        return StreamingSurface(
            writing,
            instead=lambda at: self._editing(
                channel, RestOfLedger(ledger, part=at.part, at=at.at, opening=at.seed)
            ),
            sign=partial(self._signs.show, place),
            now=self._now,
            sleep=self._sleep,
        )

    def _editing(self, channel: SlackChannel, ledger: Ledger) -> EditingSurface:
        return EditingSurface(channel, ledger, now=self._now, sleep=self._sleep)

    async def sign(self, address: str) -> bool:
        return await react(self._api, where(address))

    async def surroundings(self, address: str, most: int) -> Sequence[Quote]:
        return await quotes(self._api, self._people, where(address), most)

    async def fetch(self, ref: str, most_bytes: int) -> Blob:
        return await files.fetch(self._api, ref, most_bytes)

    def address_of(self, channel: str) -> str:
        """A channel's id (`C...`), or a person's or direct message's (`U...`, `D...`)."""
        return Where(channel=channel.strip()).as_address()


def _require(token: str, prefix: str, setting: str, page: str) -> None:
    """Refuse a token that is missing, or that is evidently another kind of token."""
    token = token.strip()
    other = token.startswith(("xoxb-", "xapp-", "xoxp-")) and not token.startswith(prefix)
    if token and not other:
        return
    code = "wrong_token_type" if other else "missing_token"
    fix = f"set it to the token that begins with {prefix}, from the app's page {page}"
    raise FrontendRefused(PLATFORM, setting=setting, fix=fix, code=code)


@asynccontextmanager
async def open_slack(
    settings: SlackSettings, *, now: Now = time.monotonic, sleep: Sleep = asyncio.sleep
) -> AsyncIterator[SlackFrontend]:
    """Open Slack's frontend: it owns one HTTP session, and reaches out only when it is used."""
    async with open_api(settings) as api:
        people = People(api, settings.names_timeout_s, now)
        try:
            yield SlackFrontend(api, people, now=now, sleep=sleep)
        finally:
            await people.aclose()
