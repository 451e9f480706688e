"""What was said around a question: the thread so far, or the message it replies to and what that replied to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import discord

from bots.discord.events.address import Address
from bots.discord.events.message_reader import files_of, words_of
from bots.discord.events.names import Names
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import has_words, replied_to
from bots.discord.transport.api import Session, own_id, read_history
from bots.discord.transport.names import NameLookup, own_name
from core.domain import ChannelMessage, Counting, PlaceClosed, PlatformError, Quote
from core.util.log import log

_PAGE = 100
"""Discord gives so many messages at once."""
_NEWEST = (1 << 63) - 1
"""After any message."""
LONGEST_CHAIN = 5
"""How many messages of a chain of replies are read: each may cost a request."""


class Surroundings:
    """Reads around one question. Where nothing can be read there is nothing, and a line in the log."""

    def __init__(self, session: Session, names: NameLookup, address: Address) -> None:
        self._session = session
        self._names = names
        self._address = address.question

    async def read(self, most: int) -> Sequence[Quote]:
        if most <= 0 or not (self._address.message or self._address.interaction):
            return ()
        try:
            client = await self._session.client()
            me = own_id(client)
            found = await (self._thread(most) if self._address.parent else self._chain(most, me))
            names = await self._names.of(found, self._address.guild, own_name(client))
        except PlatformError as error:
            log.warning("discord.thread_unreadable", code=error.code, detail=error.detail)
            return ()
        replied = self._address.reply
        return tuple(quote_of(each, me, names, replied_to=each.id == replied) for each in found)

    async def channel(self, most: int, told: Counting) -> Sequence[Quote]:
        """Read the newest messages of the channel, oldest first."""
        try:
            client = await self._session.client()
            newest_first = await self._newest(most, told)
            messages = said_in(reversed(newest_first))
            names = await self._names.of(messages, self._address.guild, own_name(client))
        except PlatformError as error:
            log.warning("discord.channel_unreadable", code=error.code, detail=error.detail)
            return ()
        return tuple(quote_of(each, own_id(client), names) for each in messages)

    async def between(self, since: datetime, until: datetime, most: int) -> Sequence[ChannelMessage]:
        """Read what was said in the channel itself in a span of time, oldest first. Raises PlatformError."""
        here, client = self._address.channel, await self._session.client()
        guild = self._address.guild or _guild_of(await self._session.call(lambda it: it.fetch_channel(here)))
        found: list[WholeMessage] = []
        before = discord.utils.time_snowflake(until)
        while len(found) < most:
            page = await self._page(min(_PAGE, most - len(found)), before)
            found += [each for each in page if each.created_at >= since]
            if len(page) < _PAGE or page[-1].created_at < since:
                break
            before = page[-1].id
        messages, at = said_in(reversed(found)), str(Address(channel=here, guild=guild))
        told: list[ChannelMessage] = []
        for some in (messages[start : start + _PAGE] for start in range(0, len(messages), _PAGE)):
            # page by page: to gather the names of thousands at once would hold everything else up
            names = await self._names.of(some, guild, own_name(client))
            told += (_told(each, quote_of(each, own_id(client), names), at) for each in some)
            await asyncio.sleep(0)
        return told

    async def _newest(self, most: int, told: Counting) -> list[WholeMessage]:
        """Read page by page, so that whoever waits is told how far it is."""
        found: list[WholeMessage] = []
        before = self._address.message or self._address.interaction or _NEWEST
        while len(found) < most:
            page = await self._page(min(_PAGE, most - len(found)), before)
            found += page
            await told(len(found))
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return found

    async def _page(self, most: int, before: int) -> list[WholeMessage]:
        here, guild = self._address.channel, self._address.guild or None
        return await self._session.call(lambda client: read_history(client, here, most, before, guild))

    async def _thread(self, most: int) -> list[WholeMessage]:
        """Read a thread from its starter message to the question; of a long one the starter and the end."""
        here, before = self._address.channel, self._address.message or self._address.interaction
        newest_first = await self._session.call(
            lambda client: read_history(client, here, most, before, self._address.guild or None)
        )
        messages = said_in(reversed(newest_first))
        thread = self._address.channel
        if thread == self._address.message or any(message.id == thread for message in messages):
            return messages
        # the message that a thread was opened from has the thread's id: it stands above it, or is a post's own
        starter = await self._fetch(self._address.parent, thread) or await self._fetch(thread, thread)
        if starter is None:
            return messages
        return [starter, *messages[max(0, len(messages) - most + 1) :]]

    async def _chain(self, most: int, me: int) -> list[WholeMessage]:
        """Follow the replies upwards, oldest first. In private only what someone else than the bot said."""
        chain: list[WholeMessage] = []
        wanted = self._address.reply
        while wanted and len(chain) < min(most, LONGEST_CHAIN):
            message = _resolved(chain[-1]) if chain else None
            message = message or await self._fetch(self._address.channel, wanted)
            if message is None or (self._address.private and message.author.id == me):
                break
            chain.append(message)
            wanted = 0 if self._address.private else replied_to(message)
        return [message for message in reversed(chain) if has_words(message) or words_of(message)]

    async def _fetch(self, channel: int, message: int) -> WholeMessage | None:
        try:
            return await self._session.fetch_message(channel, message, self._address.guild or None)
        except PlaceClosed:
            return None


def _told(message: WholeMessage, quote: Quote, address: str) -> ChannelMessage:
    is_bots = message.author.bot or bool(message.webhook_id)
    return ChannelMessage(quote, message.created_at, address, by_bot=is_bots)


def _guild_of(channel: object) -> int:
    """The server that a channel belongs to; 0 outside of servers."""
    guild = getattr(channel, "guild", None)
    return guild.id if guild is not None else 0


def link_of(address: Address, origin: str) -> str:
    """Where people find a message, or the place where none is told (Discord's own form of links)."""
    message = origin or str(address.message or "")
    there = f"https://discord.com/channels/{address.guild or '@me'}/{address.channel}"
    return f"{there}/{message}" if message.isdigit() else there


def said_in(messages: Iterable[WholeMessage]) -> list[WholeMessage]:
    """Take what people and apps said; in place of the empty message that begins a thread, what it stands for."""
    return [message for message in map(_starter, messages) if has_words(message)]


def quote_of(message: WholeMessage, me: int, names: Names, *, replied_to: bool = False) -> Quote:
    """Read a message that stands around a question."""
    author = message.author
    name = "" if message.webhook_id else names.people.get(author.id, "")
    return Quote(
        origin=str(message.id),
        author_name=name or str(author.display_name),
        text=words_of(message, names, own=author.id == me),
        attachments=files_of(message),
        replied_to=replied_to,
        author=str(author.id),
        own=author.id == me,
    )


def _starter(message: WholeMessage) -> WholeMessage:
    """Take the message that a thread was opened from in place of the empty one that stands for it inside."""
    if message.type is not discord.MessageType.thread_starter_message:
        return message
    return _resolved(message) or message


def _resolved(message: WholeMessage) -> WholeMessage | None:
    original = message.reference.resolved if message.reference else None
    return original if isinstance(original, WholeMessage) else None
