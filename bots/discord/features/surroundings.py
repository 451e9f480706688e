"""What was said around a question: the thread so far, or the message it replies to and what that replied to."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from bots.discord.events.address import Address
from bots.discord.events.message_reader import attachment_of, attachments_of, text_of
from bots.discord.events.translate import PERSON_MESSAGES, replied_to
from bots.discord.transport.api import Session, own_id
from core.domain import PlaceClosed, PlatformError, Quote
from core.util.log import log

LONGEST_CHAIN = 5
"""How many messages of a chain of replies are read: each may cost a request."""
SAID = PERSON_MESSAGES | {discord.MessageType.chat_input_command, discord.MessageType.context_menu_command}


class Surroundings:
    """Reads around one question. Where nothing can be read there is nothing, and a line in the log."""

    def __init__(self, session: Session, address: Address) -> None:
        self._session = session
        self._address = address.question

    async def read(self, most: int) -> Sequence[Quote]:
        if most <= 0 or not (self._address.message or self._address.interaction):
            return ()
        try:
            me = own_id(await self._session.client())
            found = await (self._thread(most) if self._address.parent else self._chain(most, me))
        except PlatformError as error:
            log.warning("discord.thread_unreadable", code=error.code, detail=error.detail)
            return ()
        return tuple(self._quote(message, me) for message in found)

    async def _thread(self, most: int) -> list[discord.Message]:
        """Read a thread from its starter message to the question; of a long one the starter and the end."""

        async def history(client: discord.Client) -> list[discord.Message]:
            here = client.get_partial_messageable(self._address.channel, guild_id=self._address.guild or None)
            before = discord.Object(self._address.message or self._address.interaction)
            return [message async for message in here.history(limit=most, before=before)]

        newest_first = [_starter(message) for message in await self._session.call(history)]
        messages = [message for message in reversed(newest_first) if message.type in SAID]
        thread = self._address.channel
        if thread == self._address.message or any(message.id == thread for message in messages):
            return messages
        # the message that a thread was opened from has the thread's id: it stands above it, or is a post's own
        starter = await self._fetch(self._address.parent, thread) or await self._fetch(thread, thread)
        if starter is None:
            return messages
        return [starter, *messages[max(0, len(messages) - most + 1) :]]

    async def _chain(self, most: int, me: int) -> list[discord.Message]:
        """Follow the replies upwards, oldest first. In private only what someone else than the bot said."""
        chain: list[discord.Message] = []
        wanted = self._address.reply
        while wanted and len(chain) < min(most, LONGEST_CHAIN):
            message = _resolved(chain[-1]) if chain else None
            message = message or await self._fetch(self._address.channel, wanted)
            if message is None or (self._address.private and message.author.id == me):
                break
            chain.append(message)
            wanted = 0 if self._address.private else replied_to(message)
        return [message for message in reversed(chain) if message.type in SAID]

    async def _fetch(self, channel: int, message: int) -> discord.Message | None:
        try:
            return await self._session.fetch_message(channel, message, self._address.guild or None)
        except PlaceClosed:
            return None

    def _quote(self, message: discord.Message, me: int) -> Quote:
        return Quote(
            origin=str(message.id),
            author_name=message.author.display_name,
            text=text_of(message),
            attachments=tuple(
                attachment_of(file, message.channel.id, message.id) for file in attachments_of(message)
            ),
            replied_to=message.id == self._address.reply,
            author=str(message.author.id),
            own=message.author.id == me,
        )


def _starter(message: discord.Message) -> discord.Message:
    """Take the message that a thread was opened from in place of the empty one that stands for it inside."""
    if message.type is not discord.MessageType.thread_starter_message:
        return message
    return _resolved(message) or message


def _resolved(message: discord.Message) -> discord.Message | None:
    original = message.reference.resolved if message.reference else None
    return original if isinstance(original, discord.Message) else None
