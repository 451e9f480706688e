"""Who is of our own organisation, and whom Slack Connect or another organisation of an Enterprise Grid brings here.

A payload tells workspaces of its author, or none. Where all that it tells is our own workspace, that is enough. A
person of another one is ours only if both workspaces belong to one organisation: `users.info` tells theirs, `auth.test`
ours. Whoever Slack tells nothing of counts as outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.events.payloads import Bot, part_of, text_of
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whoever did what a payload tells."""

    user: str
    teams: frozenset[str] = frozenset()
    """The workspaces that the payload tells of them; empty where it tells none."""


def speaker(payload: Mapping[str, Any]) -> Speaker:
    """Read who said, changed, pressed, sent or opened something."""
    if text_of(payload, "type") == "event_callback":
        event = part_of(payload, "event")
        said = part_of(event, "message") or event
        user = text_of(said, "user") or text_of(part_of(event, "assistant_thread"), "user_id")
        return Speaker(user, _named(text_of(said, name) for name in ("user_team", "source_team", "team")))
    if text_of(payload, "command"):  # its workspace is where it was given: of who gave it that tells nothing
        return Speaker(text_of(payload, "user_id"))
    person = part_of(payload, "user")
    return Speaker(text_of(person, "id"), _named([text_of(person, "team_id")]))


def _named(given: Iterator[str] | list[str]) -> frozenset[str]:
    return frozenset(each for each in given if each)


class Belonging:
    """Tells the people of one workspace's organisation from others."""

    def __init__(self, api: SlackApi, people: People) -> None:
        self._api = api
        self._people = people

    async def is_outside(self, who: Speaker, bot: Bot) -> bool:
        """Whether somebody is of another organisation, or nobody knows.

        Raises:
            PlatformError: Slack does not tell now; later it may.
        """
        elsewhere = who.teams - {bot.team}
        if who.teams and not elsewhere:
            return False
        ours = await self._api.organisation() if elsewhere else ""
        if elsewhere and not ours:
            return True
        person = await self._people.find_surely(who.user)
        if person.stranger or not person.team:
            return True
        if person.team == bot.team:
            return False
        ours = ours or await self._api.organisation()
        return not ours or person.organisation != ours
