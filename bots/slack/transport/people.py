"""What people are called, which language and time zone they have, and whether they are of our own organisation.

Asked once, and never waited for long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.events.address import PLATFORM
from bots.slack.events.mrkdwn import unescaped
from bots.slack.events.payloads import Bot, Speaker, part_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.remembered import Remembered
from core.domain import PlaceClosed, PlatformBusy, PlatformError
from core.util.log import log

_REQUIRED_WITHIN_S = 2.0
"""Slack waits three seconds for an acknowledgement."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as Slack describes them; all is empty where it does not."""

    name: str = ""
    locale: str = ""
    team: str = ""
    """Their own workspace."""
    organisation: str = ""
    """The Enterprise Grid organisation that they belong to; `""`: none."""
    time_zone: str = ""
    stranger: bool = False
    unanswered: bool = False
    """Whether Slack did not answer, and may later."""


class People:
    """Remembers people. Two that ask for the same one at the same time wait for the same answer."""

    def __init__(self, api: SlackApi, timeout_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._timeout_s = timeout_s
        self._known = Remembered(self._ask, now)
        self._off = False

    async def find(self, user: str, within_s: float | None = None) -> Person:
        """Return what is known of a person; empty where Slack does not answer in time."""
        return await self._find(user, self._timeout_s if within_s is None else within_s)

    async def require(self, user: str) -> Person:
        """Return what is known of a person, waiting longer for it; empty where Slack never tells.

        Raises:
            PlatformBusy: Slack does not tell now.
        """
        person = await self._find(user, _REQUIRED_WITHIN_S)
        if person.unanswered:
            raise PlatformBusy(PLATFORM, code="person_unknown", detail="users.info does not answer")
        return person

    async def is_outsider(self, who: Speaker, bot: Bot) -> bool:
        """Whether somebody is of another organisation than our bot, or Slack does not say of which.

        Slack Connect or another organisation of a Grid brings them here. A payload names workspaces of its author, or
        none. Where all that it names is our own workspace, that is enough. A person of another one is ours only if
        both workspaces belong to one organisation: `users.info` tells theirs, `auth.test` ours. A person of whom Slack
        tells nothing counts as an outsider.

        Raises:
            PlatformError: Slack does not tell now; later it may.
        """
        elsewhere = who.teams - {bot.team}
        if who.teams and not elsewhere:
            return False
        if elsewhere and not await self._api.organisation():
            return True
        person = await self.require(who.user)
        if person.stranger or not person.team:
            return True
        if person.team == bot.team:
            return False
        ours = await self._api.organisation()
        return not ours or person.organisation != ours

    async def aclose(self) -> None:
        """End the questions that are still open."""
        await self._known.aclose()

    async def _find(self, user: str, timeout_s: float) -> Person:
        if self._off or not user:
            return Person()
        return await self._known.find(user, timeout_s) or Person(unanswered=True)

    async def _ask(self, user: str) -> Person:
        try:
            answer = await self._api.read("users.info", user=user, include_locale=True)
        except PlatformError as exc:
            self._off = self._off or (isinstance(exc, PlaceClosed) and exc.code == "missing_scope")
            self._known.ask_again_soon(user)
            log.info("slack.user_unknown", code=exc.code)
            return Person(unanswered=not isinstance(exc, PlaceClosed))
        return _person(part_of(answer, "user"))


def _person(user: Mapping[str, Any]) -> Person:
    profile = user.get("profile")
    names = (
        text_of(each, name) for each in (profile, user) for name in ("display_name", "real_name", "name")
    )
    return Person(
        " ".join(unescaped(next(filter(None, names), "")).split()),
        text_of(user, "locale"),
        text_of(user, "team_id"),
        text_of(part_of(user, "enterprise_user"), "enterprise_id"),
        text_of(user, "tz"),
        stranger=user.get("is_stranger") is True,
    )
