"""Where a message stands, asked of Discord where its events did not tell: threads that were archived, for example,
and threads that somebody else opened from a question to the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cachetools import LRUCache

from bots.discord.events.translate import Me, answers_all, is_addressed, parent_of
from bots.discord.transport.api import Session
from core.domain import Place, PlaceClosed, PlatformError
from core.util.log import log

REMEMBERED = 2000


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """A channel or thread, as far as it matters for what is said in it."""

    parent: int = 0
    """The channel of the thread; 0 outside threads, or where nobody knows."""
    open: bool = False
    """Whether the bot answers everything there."""


class ChannelLookup:
    """Knows where channels belong; asks Discord for each unknown one once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: LRUCache[int, ChannelInfo] = LRUCache(REMEMBERED)
        self._questions: LRUCache[int, bool] = LRUCache(REMEMBERED)

    def add_question(self, message_id: int, *, surely: bool = True) -> None:
        """Keep that a message is, or may be, a question to be answered in a thread, which has the same id."""
        self._questions[message_id] = surely

    def add_threads(self, places: Sequence[Place]) -> None:
        """Keep in which threads somebody spoke with the bot before this process began; given newest first."""
        for place in reversed(places):
            if place.thread.isdigit():
                self.add_question(int(place.thread), surely=False)

    def may_be_question_thread(self, channel_id: int) -> bool:
        """Tell whether a channel may be a thread that was opened from a question, by whomever."""
        return channel_id in self._questions

    async def info(self, channel: object, channel_id: int, me: Me) -> ChannelInfo:
        """Tell a channel's info. Where Discord can't be asked now: none, rather than no question at all."""
        info = await self._info(channel, channel_id, me)
        if info.open or not info.parent or channel_id not in self._questions:
            return info
        return replace(info, open=await self._is_question_thread(channel_id, info.parent, me))

    async def _info(self, channel: object, channel_id: int, me: Me) -> ChannelInfo:
        parent, is_open = parent_of(channel), answers_all(channel, me)
        if parent is not None and is_open is not None:
            return ChannelInfo(parent, is_open)
        if channel_id not in self._known:
            try:
                found = await self._session.call(lambda client: client.fetch_channel(channel_id))
            except PlaceClosed as error:
                log.warning("discord.channel_unknown", channel=channel_id, code=error.code)
                self._known[channel_id] = ChannelInfo()
            except PlatformError as error:
                log.warning("discord.thread_unknown", channel=channel_id, detail=error.detail)
                return ChannelInfo()
            else:
                is_open = answers_all(found, me) or False
                self._known[channel_id] = ChannelInfo(parent_of(found) or 0, is_open)
        return self._known[channel_id]

    async def _is_question_thread(self, thread: int, parent: int, me: Me) -> bool:
        """Look at the message that a thread was opened from, unless it was heard by this process."""
        if self._questions.get(thread):
            return True
        try:
            found = is_addressed(await self._session.fetch_message(parent, thread), me)
        except PlaceClosed:  # it was opened from no message, or that one is gone
            found = False
        except PlatformError as error:
            log.warning("discord.thread_unknown", channel=thread, detail=error.detail)
            return False
        if found:
            self.add_question(thread)
        else:
            self._questions.pop(thread, None)
        return found
