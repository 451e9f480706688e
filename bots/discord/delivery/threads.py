"""An answer in a thread of its own, which is opened from the question when there is something to show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import discord
import structlog

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.events.address import Address
from bots.discord.events.markup_in import text_of
from bots.discord.transport.api import Guard, Session, unguarded
from core.domain.errors import PlaceClosed, PlatformBusy
from core.domain.messages import Button
from core.domain.ports import Delivery
from core.util.text import shorten

log = structlog.get_logger(__name__)

ARCHIVED_AFTER_MIN: Final = 1440
"""Silence after which Discord takes a thread out of sight; the next message brings it back."""
THREAD_EXISTS = "160004"
MOST_FAILURES = 3
"""How often Discord may fail at opening a thread before the answer stands in the channel."""
TITLE_CHARS = 80
"""Discord takes 100."""
UNREADABLE = "…"
"""The title where the question can't be read any more."""


class QuestionThread:
    """Implements `core.domain.ports.EditableChannel`: a thread, or the question's channel where none can be opened.

    Its id is the question's, so that asking Discord for it twice opens it once, in whichever process.
    """

    def __init__(self, session: Session, address: Address, guard: Guard = unguarded) -> None:
        self._session = session
        self._address = address
        self._thread = DiscordChannel(session, _inside(address), guard)
        self._channel = DiscordChannel(session, address.question, guard)
        self._chosen: DiscordChannel | None = None
        self._failures = 0

    @property
    def max_size(self) -> int:
        return self._thread.max_size

    @property
    def edit_interval_s(self) -> float:
        return self._thread.edit_interval_s

    def size(self, text: str) -> int:
        return self._thread.size(text)

    async def working(self) -> None:
        await (await self._opened()).working()

    async def rested(self) -> None:
        await (await self._opened()).rested()

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        return await (await self._opened()).post(text, delivery, buttons)

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        await (await self._opened()).edit(message_id, text, buttons)

    async def delete(self, message_id: str) -> None:
        await (await self._opened()).delete(message_id)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        return await (await self._opened()).find(delivery, text)

    async def _opened(self) -> DiscordChannel:
        """Open the thread, unless it is there. Raises PlatformError while Discord can't be asked."""
        if self._chosen is None:
            self._chosen = self._thread if await self._open() else self._channel
        return self._chosen

    async def _open(self) -> bool:
        async def start(client: discord.Client) -> None:
            await client.http.start_thread_with_message(
                self._address.parent,
                self._address.message,
                name=await _title_of(client, self._address.question),
                auto_archive_duration=ARCHIVED_AFTER_MIN,
            )

        try:
            await self._session.call(start)
        except PlatformBusy as error:
            self._failures += error.failed
            if self._failures < MOST_FAILURES:
                raise
            log.warning("discord.no_thread", code=error.code, channel=self._address.parent)
            return False
        except PlaceClosed as error:
            if error.code != THREAD_EXISTS:
                log.info("discord.no_thread", code=error.code, channel=self._address.parent)
                return False
        return True


def _inside(address: Address) -> Address:
    """The thread as a place for messages: the question is not in it, so none of them can be a reply to it."""
    return Address(channel=address.channel, guild=address.guild, parent=address.parent)


async def _title_of(client: discord.Client, question: Address) -> str:
    """Name a thread after the question, or, where that has no text, after who asked it."""
    me = client.user.id if client.user is not None else 0
    try:
        message = await client.get_partial_messageable(question.channel).fetch_message(question.message)
    except (discord.Forbidden, discord.NotFound):
        return UNREADABLE
    line = " ".join((text_of(message, (f"<@{me}>", f"<@!{me}>")) or message.author.display_name).split())
    return shorten(line, TITLE_CHARS)
