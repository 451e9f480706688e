"""Where a message stands, asked of Discord where its events did not tell: threads that were archived, for example."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import discord
import structlog

from bots.discord.session import Session
from bots.discord.translate import Me, answers_all, parent_of
from core.errors import PlaceClosed, PlatformError

log = structlog.get_logger(__name__)

REMEMBERED = 2000


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel or thread, as far as it matters for what is said in it."""

    parent: int = 0
    """The channel of the thread; 0 outside threads, or where nobody knows."""
    open: bool = False
    """Whether the bot answers everything there."""


class Whereabouts:
    """Knows the standing of channels; asks for each unknown one once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: OrderedDict[int, Standing] = OrderedDict()

    async def of(self, channel: object, channel_id: int, me: Me) -> Standing:
        """Tell a channel's standing. Where Discord can't be asked now: none, rather than no question at all."""
        parent, is_open = parent_of(channel), answers_all(channel, me)
        if parent is not None and is_open is not None:
            return Standing(parent, is_open)
        if channel_id not in self._known:
            try:
                self._known[channel_id] = await self._ask(channel_id, me)
            except PlatformError as error:
                log.warning("discord.thread_unknown", channel=channel_id, detail=error.detail)
                return Standing()
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return self._known[channel_id]

    async def _ask(self, channel_id: int, me: Me) -> Standing:
        async def fetch(client: discord.Client) -> object:
            return await client.fetch_channel(channel_id)

        try:
            found = await self._session.call(fetch)
        except PlaceClosed as error:
            log.warning("discord.channel_unknown", channel=channel_id, code=error.code)
            return Standing()
        return Standing(parent_of(found) or 0, answers_all(found, me) or False)
