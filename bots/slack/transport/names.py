"""What people, channels and groups of users in messages are called: asked once, and never waited for long.

docs.slack.dev: `users.info`, `conversations.info` (scope `channels:read`), `usergroups.list` (`usergroups:read`). An
app that lacks a scope, because its manifest is older, reads ids. The name of a private channel is not told: who reads
an answer need not be in there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice

from bots.slack.events.mrkdwn import unescaped
from bots.slack.events.names import Names, NamesAsked
from bots.slack.events.payloads import part_of, parts_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People
from bots.slack.transport.remembered import Remembered
from core.domain import PlaceClosed, PlatformError
from core.util.log import log

_MOST_ASKED = 50
"""Ids of one kind that are looked up for one reading: about a minute's worth of the slowest of the methods."""
_ALL = ""
"""The one question that brings the names of all groups."""


class NameFinder:
    """Finds the names that a reading asked for, in one workspace."""

    def __init__(
        self, api: SlackApi, people: People, timeout_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._people = people
        self._timeout_s = timeout_s
        self._channels = Remembered(self._ask_channel, now)
        self._groups = Remembered(self._ask_groups, now)

    async def find(self, asked: NamesAsked, within_s: float | None = None) -> Names:
        """Look up all at once; what Slack does not tell in time stays unknown."""
        limit_s = self._timeout_s if within_s is None else within_s

        async def person(user: str) -> str:
            return (await self._people.find(user, limit_s)).name

        async def channel(channel: str) -> str:
            return await self._channels.find(channel, limit_s) or ""

        async def groups() -> Mapping[str, str]:
            return await self._groups.find(_ALL, limit_s) or {} if asked.groups else {}

        people, channels, known_groups = await asyncio.gather(
            _found(person, asked.people), _found(channel, asked.channels), groups()
        )
        return Names(asked.bot, people, channels, known_groups)

    async def aclose(self) -> None:
        """End the questions that are still open."""
        await self._channels.aclose()
        await self._groups.aclose()

    async def _ask_channel(self, channel: str) -> str:
        try:
            told = part_of(await self._api.read("conversations.info", channel=channel), "channel")
        except PlatformError as exc:
            if not isinstance(exc, PlaceClosed):
                self._channels.ask_again_soon(channel)
            log.info("slack.channel_unknown", code=exc.code)
            return ""
        hidden = any(told.get(name) for name in ("is_private", "is_im", "is_mpim", "is_group"))
        return "" if hidden else text_of(told, "name")

    async def _ask_groups(self, _all: str) -> Mapping[str, str]:
        try:
            told = await self._api.read("usergroups.list")
        except PlatformError as exc:
            if not isinstance(exc, PlaceClosed):
                self._groups.ask_again_soon(_ALL)
            log.info("slack.groups_unknown", code=exc.code)
            return {}
        groups = parts_of(told, "usergroups")
        return {
            text_of(each, "id"): unescaped(text_of(each, "handle") or text_of(each, "name"))
            for each in groups
        }


async def _found(find: Callable[[str], Awaitable[str]], ids: Iterable[str]) -> dict[str, str]:
    """The ids that have a name, with it."""
    wanted = list(islice(filter(None, ids), _MOST_ASKED))
    names = await asyncio.gather(*map(find, wanted))
    return {id_: name for id_, name in zip(wanted, names, strict=True) if name}
