"""Who may set what a workspace or channel is answered with: its admins and owners, and who made the channel.

docs.slack.dev: `users.info` tells `is_admin`, `is_owner` and `is_primary_owner`, `conversations.info` the `creator`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from bots.slack.events.address import PLATFORM
from bots.slack.events.payloads import list_of, part_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.remembered import Remembered
from core.domain import Administers, PlaceClosed, PlatformBusy, PlatformError
from core.util.log import log

_GOOD_FOR_S = 300.0
"""So long somebody who is an admin no more may still act as one."""
_WITHIN_S = 10.0
_RANKS = ("is_admin", "is_owner", "is_primary_owner")
_NOBODY = ("is_bot", "deleted", "is_stranger", "is_restricted", "is_ultra_restricted")
Told = Mapping[str, Any]


class Admins:
    """Asks Slack about one workspace, and remembers it for minutes."""

    def __init__(self, api: SlackApi, now: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._users = Remembered(self._ask_user, now, good_for_s=_GOOD_FOR_S)
        self._channels = Remembered(self._ask_channel, now, good_for_s=_GOOD_FOR_S)

    async def of(self, user: str, team: str, channel: str) -> Administers:
        """What somebody may set in a channel of a workspace; `""`: no channel, only the workspace counts.

        Who is of another workspace may set nothing, whatever they are in theirs.

        Raises:
            PlatformError: Slack does not tell now.
        """
        known = _required(await self._users.find(user, _WITHIN_S))
        if not _belongs(known, team) or any(known.get(each) is True for each in _NOBODY):
            return Administers.NOTHING
        if any(known.get(each) is True for each in _RANKS):
            return Administers.SERVER
        there = _required(await self._channels.find(channel, _WITHIN_S)) if channel else {}
        return Administers.CHANNEL if user and text_of(there, "creator") == user else Administers.NOTHING

    async def aclose(self) -> None:
        """End the questions that are still open."""
        await self._users.aclose()
        await self._channels.aclose()

    async def _ask_user(self, user: str) -> Told | None:
        return await self._ask("users.info", "user", user, self._users)

    async def _ask_channel(self, channel: str) -> Told | None:
        return await self._ask("conversations.info", "channel", channel, self._channels)

    async def _ask(
        self, method: str, name: str, id_: str, remembered: Remembered[Told | None]
    ) -> Told | None:
        """What Slack tells; nothing of what it never will, None where it may later."""
        try:
            return part_of(await self._api.read(method, **{name: id_}), name)
        except PlaceClosed as exc:
            log.info("slack.admin_unknown", method=method, code=exc.code)
            return {}
        except PlatformError as exc:
            remembered.ask_again_soon(id_)
            log.info("slack.admin_unknown", method=method, code=exc.code)
            return None


def _required(told: Told | None) -> Told:
    if told is None:
        raise PlatformBusy(PLATFORM, code="admin_unknown", detail="Slack does not tell who is an admin")
    return told


def _belongs(user: Told, team: str) -> bool:
    """Whether somebody is of this workspace: of an organisation's people it names all of theirs."""
    return bool(team) and team in (
        text_of(user, "team_id"),
        *list_of(part_of(user, "enterprise_user"), "teams"),
    )
