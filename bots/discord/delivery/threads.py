"""An answer in a thread of its own, which is opened from the question when there is something to show."""

from __future__ import annotations

from typing import Final

import discord

from bots.discord.delivery.channel import DiscordChannel
from bots.discord.events.address import Address
from bots.discord.events.message_reader import words_of
from bots.discord.transport.api import Session, fetch_message, own_id
from bots.discord.transport.names import NameLookup, own_name
from bots.discord.transport.pacing import Guard, unguarded
from core.delivery.pacing import Pace
from core.domain import PlaceClosed, PlatformBusy
from core.util.log import log
from core.util.text import shorten

ARCHIVED_AFTER_MIN: Final = 1440
"""Silence after which Discord takes a thread out of sight; the next message brings it back."""
THREAD_EXISTS = "160004"
MOST_FAILURES = 3
"""How often Discord may fail at opening a thread before the answer stands in the channel."""
TITLE_CHARS = 80
"""Discord takes 100."""
UNREADABLE = "…"
"""The title where the question can't be read any more."""


class QuestionThread(DiscordChannel):
    """A thread that is opened before the first call, or the question's channel where none can be opened.

    Its id is the question's, so that asking Discord for it twice opens it once, in whichever process.
    """

    def __init__(
        self, session: Session, address: Address, guard: Guard = unguarded, pace: Pace | None = None
    ) -> None:
        # the question is not in the thread, so that no message there can be a reply to it
        inside = Address(channel=address.channel, guild=address.guild, parent=address.parent)
        super().__init__(session, inside, guard, pace)
        self._question = address.question
        self._opened = False
        self._failures = 0

    async def _prepare(self) -> None:
        if self._opened:
            return
        try:
            await self._session.call(self._open)
        except PlatformBusy as error:
            self._failures += error.failed
            if self._failures < MOST_FAILURES:
                raise
            log.warning("discord.no_thread", code=error.code, channel=self._question.channel)
            self._address = self._question
        except PlaceClosed as error:
            if error.code != THREAD_EXISTS:
                log.info("discord.no_thread", code=error.code, channel=self._question.channel)
                self._address = self._question
        self._opened = True

    async def _open(self, client: discord.Client) -> None:
        await client.http.start_thread_with_message(
            self._question.channel,
            self._question.message,
            name=await self._title(client),
            auto_archive_duration=ARCHIVED_AFTER_MIN,
        )

    async def _title(self, client: discord.Client) -> str:
        """Name a thread after the question, or, where that has no text, after who asked it."""
        me, question = own_id(client), self._question
        try:
            message = await fetch_message(client, question.channel, question.message)
        except (discord.Forbidden, discord.NotFound):
            return UNREADABLE
        # a thread's title shows no mentions: the names are needed, and never waited for long
        names = await NameLookup(self._session).of([message], question.guild, own_name(client))
        said = words_of(message, names, mentions=(f"<@{me}>", f"<@!{me}>"))
        return shorten(" ".join((said or message.author.display_name).split()), TITLE_CHARS)
