"""Tells people of our own organisation from those whom Slack Connect or another organisation of a Grid brings here.

A payload names workspaces of its author, or none. Where all that it names is our own workspace, that is enough. A
person of another one is ours only if both workspaces belong to one organisation: `users.info` tells theirs, `auth.test`
ours. A person of whom Slack tells nothing counts as an outsider.
"""

from __future__ import annotations

from bots.slack.events.payloads import Bot
from bots.slack.events.speaker import Speaker
from bots.slack.transport.api import SlackApi
from bots.slack.transport.people import People


class Outsiders:
    """Everybody who is not of one workspace's organisation."""

    def __init__(self, api: SlackApi, people: People) -> None:
        self._api = api
        self._people = people

    async def include(self, who: Speaker, bot: Bot) -> bool:
        """Whether somebody is of another organisation, or Slack does not say of which.

        Raises:
            PlatformError: Slack does not tell now; later it may.
        """
        elsewhere = who.teams - {bot.team}
        if who.teams and not elsewhere:
            return False
        ours = await self._api.organisation() if elsewhere else ""
        if elsewhere and not ours:
            return True
        person = await self._people.require(who.user)
        if person.stranger or not person.team:
            return True
        if person.team == bot.team:
            return False
        ours = ours or await self._api.organisation()
        return not ours or person.organisation != ours
