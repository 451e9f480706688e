"""Places that take no answer: whoever asked there is told so in private, once in a while, and the log says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import discord
import structlog

from bots.discord.delivery.channel import QUIET
from bots.discord.events.address import PLATFORM, Address
from bots.discord.transport.api import Session, unguarded
from core.domain.errors import PlaceClosed, PlatformError
from core.domain.messages import Button, Place
from core.domain.ports import Delivery, EditableChannel
from core.i18n.catalog import Phrase
from core.i18n.translators import Translators
from core.util.recently import Recently

log = structlog.get_logger(__name__)

T = TypeVar("T")
FORBIDDEN = frozenset({"50001", "50013", "50083", "160005"})
"""No access, a permission that lacks, a thread that is archived or locked: what people of the server can mend."""


class Refusals:
    """Remembers where it told already; a process that is restarted may tell once more."""

    def __init__(self, session: Session, translators: Translators) -> None:
        self._session = session
        self._translators = translators
        self._lately = Recently(3600.0, session.timing.now)

    async def take_note(self, where: Address, error: PlaceClosed) -> None:
        """Tell the author of a question that the bot may not write there: once an hour for each channel."""
        if error.code not in FORBIDDEN:
            return
        log.warning("discord.may_not_write", channel=where.channel, server=where.guild, code=error.code)
        if not where.guild or not where.user or self._lately.seen(where.channel):
            return
        try:
            await self._tell(where)
        except PlatformError as trouble:
            # 50007 and 50278: this person takes no direct messages from us
            log.info("discord.author_not_told", channel=where.channel, code=trouble.code)

    async def _tell(self, where: Address) -> None:
        async def open_direct(client: discord.Client) -> int:
            return (await client.create_dm(discord.Object(where.user))).id

        place = Place(PLATFORM, str(where.guild), str(where.parent or where.channel))
        translator = self._translators.for_reader(where.locale, place)
        text = translator.say(Phrase.MAY_NOT_WRITE, where=f"<#{where.channel}>")
        direct = await self._session.call(open_direct)

        async def send(client: discord.Client) -> object:
            channel = client.get_partial_messageable(direct)
            return await channel.send(text, suppress_embeds=True, allowed_mentions=QUIET)

        await self._session.write(direct, send, unguarded, creates=True)


class Regretful:
    """An `EditableChannel` that tells `refusals` when its place takes no message."""

    def __init__(self, channel: EditableChannel, refusals: Refusals, where: Address) -> None:
        self._channel = channel
        self._refusals = refusals
        self._where = where

    @property
    def max_size(self) -> int:
        return self._channel.max_size

    @property
    def edit_interval_s(self) -> float:
        return self._channel.edit_interval_s

    def size(self, text: str) -> int:
        return self._channel.size(text)

    async def working(self) -> None:
        await self._channel.working()

    async def rested(self) -> None:
        await self._channel.rested()

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        return await self._noting(lambda: self._channel.post(text, delivery, buttons))

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        await self._noting(lambda: self._channel.edit(message_id, text, buttons))

    async def delete(self, message_id: str) -> None:
        await self._channel.delete(message_id)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return await self._channel.find(delivery, text)

    async def _noting(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await call()
        except PlaceClosed as error:
            await self._refusals.take_note(self._where, error)
            raise
