"""Reads the messages that came while the bot was not connected, from each channel, thread and known direct channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import discord

from bots.discord.events.payloads import id_of, part_of
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me, is_addressed
from bots.discord.transport.error_mapping import FAILURES, mapped
from bots.discord.transport.pacing import BACKFILL
from bots.discord.transport.timing import Timing
from core.delivery.platform_retry import patiently
from core.delivery.shared_budget import SharedBudget
from core.domain import Place, PlaceClosed, PlatformError
from core.util.log import log

T = TypeVar("T")
TRY_FOR_S = 120.0
"""How long a Discord that is busy is waited for, for each channel."""
PAGE = 100
"""Discord's limit: messages in one answer."""
OLDER_IN_A_ROW = 50
"""After so many threads that were archived before, in whichever order, there is none that was archived since."""

Spoken = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread | discord.DMChannel
)
Housing = discord.TextChannel | discord.ForumChannel


class Sweep:
    """Finds the messages to the bot since a moment, oldest first in each channel. One for each look.

    A message that one of ours replies to was answered, whatever the core remembers, and is left out.
    """

    def __init__(
        self,
        open_direct: Callable[[int], discord.DMChannel],
        me: Me,
        since: datetime,
        timing: Timing,
        budget: SharedBudget | None = None,
    ) -> None:
        """`budget`: Discord's, which all processes share."""
        self._budget = budget
        self._open_direct = open_direct
        self._me = me
        self._since = since
        self._after = discord.Object(discord.utils.time_snowflake(since))
        self._timing = timing
        self._members: dict[int, discord.Member | None] = {}

    async def direct(self, places: Sequence[Place]) -> AsyncIterator[WholeMessage]:
        """Look through the direct conversations among `places`: Discord lists none."""
        for place in places:
            if place.private and place.channel.isdigit():
                async for message in self._in(self._open_direct(int(place.channel))):
                    yield message

    async def server(self, guild: discord.Guild, places: Sequence[Place]) -> AsyncIterator[WholeMessage]:
        """Look through a server's channels, its active threads, those in `places`, and those archived since."""
        seen: set[int] = set()
        async for channel in self._channels(guild, places):
            if channel.id in seen or not self._is_newer(channel):
                continue
            seen.add(channel.id)
            async for message in self._in(channel):
                if not message.webhook_id:
                    message.author = await self._member(guild, message.author)
                yield message

    async def _channels(self, guild: discord.Guild, places: Sequence[Place]) -> AsyncIterator[Spoken]:
        spoken: list[Spoken] = [*guild.text_channels, *guild.voice_channels, *guild.stage_channels]
        for channel in (*spoken, *guild.threads):
            if self._may_read(channel, guild):
                yield channel
        for place in places:
            if place.workspace == str(guild.id) and (thread := await self._thread(guild, place.thread)):
                yield thread
        housing: list[Housing] = [*guild.text_channels, *guild.forums]
        for parent in housing:
            if self._may_read(parent, guild):
                for thread in await self._archived(parent):
                    yield thread

    async def _in(self, channel: Spoken) -> AsyncIterator[WholeMessage]:
        """Read one channel; one that can't be read is left out with a line in the log."""
        for message in await self._asked(lambda: self._unanswered(channel), channel.id) or ():
            yield message

    async def _unanswered(self, channel: Spoken) -> list[WholeMessage]:
        found: list[WholeMessage] = []
        answered: set[int | None] = set()
        for message in await self._history(channel):
            if id_of(part_of(message.raw, "author"), "id") == self._me.id and message.reference is not None:
                answered.add(message.reference.message_id)
            elif is_addressed(message, self._me):
                found.append(message)
        # in a thread of its own an answer replies to nothing
        threads = {m.id for m in found if self._me.id in _thread_owners(m)}
        return [m for m in found if m.id not in answered | threads]

    async def _history(self, channel: Spoken) -> list[WholeMessage]:
        """Read what was said since then, in the order of its ids: whatever the order of a page is, and whatever of
        it another one had already."""
        state = channel._state  # noqa: SLF001 - the SDK's own reading trusts the order
        said: dict[int, Any] = {}
        newest = self._after.id
        while True:
            page = await state.http.logs_from(channel.id, PAGE, after=newest)
            said |= {id_: each for each in page if (id_ := id_of(each, "id")) > self._after.id}
            last, newest = newest, max([newest, *said])
            if len(page) < PAGE or newest == last:
                break
            await self._pause()
        messages: list[WholeMessage] = []
        for id_ in sorted(said):
            try:
                messages.append(WholeMessage(state=state, channel=channel, data=said[id_]))
            except FAILURES:  # one that the SDK can't read hides no other
                log.exception("discord.event_faulty", message=id_)
        return messages

    async def _thread(self, guild: discord.Guild, thread: str) -> discord.Thread | None:
        """Find a thread that somebody spoke with us in, archived or not."""
        if not thread.isdigit():
            return None
        if (known := guild.get_thread(int(thread))) is not None:
            return known
        channel = await self._asked(lambda: guild.fetch_channel(int(thread)), int(thread))
        return channel if isinstance(channel, discord.Thread) else None

    async def _archived(self, parent: Housing) -> list[discord.Thread]:
        """List the threads that were archived since then, which Discord tells of in no other way."""

        async def read() -> list[discord.Thread]:
            threads: dict[int, discord.Thread] = {}
            older = 0
            async for thread in parent.archived_threads(limit=None):
                if thread.archive_timestamp >= self._since:
                    threads[thread.id], older = thread, 0
                elif (older := older + 1) >= OLDER_IN_A_ROW:
                    break
            return [threads[id_] for id_ in sorted(threads)]

        return await self._asked(read, parent.id) or []

    async def _member(
        self, guild: discord.Guild, author: discord.User | discord.Member
    ) -> discord.User | discord.Member:
        """Take an author with the roles that they have: history, unlike an event, does not tell them."""
        if author.id not in self._members:
            self._members[author.id] = await self._asked(lambda: guild.fetch_member(author.id), author.id)
        return self._members[author.id] or author

    async def _asked(self, call: Callable[[], Awaitable[T]], where: int) -> T | None:
        try:
            found = await patiently(
                lambda: mapped(call), budget_s=TRY_FOR_S, now=self._timing.now, sleep=self._timing.sleep
            )
        except PlaceClosed as error:
            log.debug("discord.backfill_skipped", where=where, code=error.code)
            return None
        except PlatformError as error:
            log.warning("discord.backfill_skipped", where=where, code=error.code, detail=error.detail)
            return None
        await self._pause()
        return found

    async def _pause(self) -> None:
        """Wait until the next request may go, among those of all processes that look for something."""
        await self._timing.sleep(self._timing.sweep_pause_s)
        if self._budget is not None:
            await self._budget.enter(BACKFILL, most_s=TRY_FOR_S)

    def _is_newer(self, channel: Spoken) -> bool:
        last = channel.last_message_id if not isinstance(channel, discord.DMChannel) else None
        return last is not None and last > self._after.id

    def _may_read(self, channel: Spoken | Housing, guild: discord.Guild) -> bool:
        """Tell whether there is history to be had; where only Discord knows, it is asked."""
        myself = guild.get_member(self._me.id)
        if myself is None or (isinstance(channel, discord.Thread) and channel.parent is None):
            return True
        may = channel.permissions_for(myself)
        is_voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
        return may.view_channel and may.read_message_history and (may.connect or not is_voice)


def _thread_owners(message: WholeMessage) -> set[int]:
    """Who opened the thread that hangs on a message, as the message tells and as the server does."""
    known = message.thread
    return {id_of(part_of(message.raw, "thread"), "owner_id"), known.owner_id if known is not None else 0} - {
        0
    }
