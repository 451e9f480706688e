"""What a server or channel may be set to by its own admins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.messages import Place


class PlaceSetting(StrEnum):
    """What can be set, by the name that people write."""

    LANGUAGE = "language"
    """The language of the bot's own sentences."""
    ANSWERS = "answers"
    """Whether the bot answers there: `on` or `off`."""
    GATEWAY = "gateway"
    """Which of the gateways that operators offer answers there, by its name."""
    PERSON_HOURLY = "person_hourly"
    """Questions that one person may ask there in an hour; those below in 24 hours."""
    PERSON_DAILY = "person_daily"
    PLACE_DAILY = "place_daily"
    """Those of all people there."""


SETTINGS = "settings"
"""The name of the capability that changes them. Its turns count against no limit of a place."""
PLACE_LIMITS = (PlaceSetting.PERSON_HOURLY, PlaceSetting.PERSON_DAILY, PlaceSetting.PLACE_DAILY)


@dataclass(frozen=True, slots=True)
class Scope:
    """A channel, or a whole server."""

    platform: str
    workspace: str
    channel: str = ""
    """`""`: all of the server or workspace."""

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Read what `str` writes: `slack:T0123/C0123`, `discord:1234`. Raises ValueError."""
        platform, _, place = text.strip().partition(":")
        workspace, slash, channel = place.partition("/")
        if not (platform and workspace) or bool(slash) != bool(channel):
            raise ValueError("write platform:server, or platform:server/channel")
        return cls(platform, workspace, channel)

    def __str__(self) -> str:
        """As operators write it."""
        return f"{self.platform}:{self.workspace}" + (f"/{self.channel}" if self.channel else "")


def scopes_of(place: Place) -> Sequence[Scope]:
    """What a place lies in, the most particular first; none for a direct message outside of any server."""
    if not place.workspace:
        return ()
    server = Scope(place.platform, place.workspace)
    return (server,) if place.private else (Scope(place.platform, place.workspace, place.channel), server)
