"""Places that the bot may not write in: whoever asked there is told so in a direct message."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

import structlog

from bots.slack.delivery.markup_out import safe
from bots.slack.events.address import PLATFORM, Address
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from core.domain.errors import PlaceClosed, PlatformError
from core.domain.messages import Apology, Button, Footer, Place, Status
from core.domain.ports import ReplySurface
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators
from core.util.clock import Now

log = structlog.get_logger(__name__)

CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "is_inactive"})
_RESTRICTED = "restricted_action"
"""The beginning of several codes: the workspace's settings keep apps, or everybody, from writing there."""
_SILENT_FOR_S = 3_600.0
_CHANNEL = re.compile(r"[A-Z0-9]{2,32}")
_HERE = "{here}"


def is_over(code: str) -> bool:
    """Whether a refusal says that this place can't be written in, whatever is written."""
    return code in CLOSED or code.startswith(_RESTRICTED)


class ClosedPlaces:
    """Tells authors, once an hour for each place."""

    def __init__(self, translators: Translators, now: Now) -> None:
        self._translators = translators
        self._now = now
        self._told: dict[tuple[str, str], float] = {}

    async def tell(self, api: SlackApi, people: People, place: Address, error: PlaceClosed) -> None:
        """Tell the author of a question that it can't be answered where it was asked, if that is so."""
        if not is_over(error.code):
            return
        log.warning("slack.place_closed", team=place.team, channel=place.channel, code=error.code)
        if place.direct or not place.user or not self._is_due(place):
            return
        try:
            await self._write(api, place, await self._words(people, place))
        except PlatformError as exc:
            log.info("slack.author_not_told", team=place.team, code=exc.code)

    def _is_due(self, place: Address) -> bool:
        now, key = self._now(), (place.team, place.channel)
        self._told = {known: at for known, at in self._told.items() if at + _SILENT_FOR_S > now}
        if key in self._told:
            return False
        self._told[key] = now
        return True

    async def _words(self, people: People, place: Address) -> str:
        person = await people.find(place.user)
        translator = self._translators.for_reader(
            person.locale, Place(PLATFORM, place.team, place.channel, place.thread)
        )
        text = safe(translator.say(Phrase.MAY_NOT_WRITE, where=_HERE))
        # a live token, of our own making: Slack shows the channel's name to those who may know it
        return text.replace(_HERE, f"<#{place.channel}>" if _CHANNEL.fullmatch(place.channel) else "…")

    async def _write(self, api: SlackApi, place: Address, text: str) -> None:
        opened = (await api.write("conversations.open", users=place.user)).get("channel")
        channel = opened.get("id") if isinstance(opened, dict) else None
        if isinstance(channel, str):
            await api.write(
                "chat.postMessage",
                once=True,
                channel=channel,
                text=text,
                unfurl_links=False,
                unfurl_media=False,
            )


class TellingSurface:
    """A `ReplySurface` that has the author told where Slack refuses a place; the refusal itself goes on."""

    def __init__(self, surface: ReplySurface, tell: Callable[[PlaceClosed], Awaitable[None]]) -> None:
        self._surface = surface
        self._tell = tell

    async def __aenter__(self) -> Self:
        await self._telling(self._surface.__aenter__())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._telling(self._surface.__aexit__(kind, error, trace))

    async def write(self, delta: str) -> None:
        await self._telling(self._surface.write(delta))

    async def note(self, status: Status) -> None:
        await self._telling(self._surface.note(status))

    async def offer(self, buttons: Sequence[Button]) -> None:
        await self._telling(self._surface.offer(buttons))

    async def pause(self) -> None:
        await self._telling(self._surface.pause())

    async def finish(self, footer: Footer) -> None:
        await self._telling(self._surface.finish(footer))

    async def fail(self, apology: Apology) -> None:
        await self._telling(self._surface.fail(apology))

    async def _telling(self, step: Awaitable[object]) -> None:
        try:
            await step
        except PlaceClosed as exc:
            await self._tell(exc)
            raise
