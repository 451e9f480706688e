"""Who may change the settings of the place where they speak."""

from __future__ import annotations

from enum import StrEnum


class Administers(StrEnum):
    """How much of the place where they speak somebody may set. Judged by what the platform tells, never by words."""

    NOTHING = ""
    CHANNEL = "channel"
    """The channel, and not the server around it."""
    SERVER = "server"
    """The server or workspace, and so each channel of it."""
    ALL = "operator"
    """They run the bot."""

    @property
    def whole_server(self) -> bool:
        return self in (Administers.SERVER, Administers.ALL)
