"""The values of the web console's sign-in: roles, users, sessions, links. No digest or hash is in a repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do in the console; each may do all that those before it may."""

    VIEWER = "viewer"
    """Looks at pages, without what people wrote unless the settings say so."""
    OPERATOR = "operator"
    """Also changes what the bot does: retries, drops."""
    OWNER = "owner"
    """Also says who may sign in."""

    def may(self, needed: Role) -> bool:
        """Whether this role has the rights of that one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role
    created_at: datetime
    password: str = field(repr=False)
    """Hashed."""


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """One browser that is signed in."""

    id: int
    user: ConsoleUser
    agent: str
    """The browser's own name, as it sent it: whatever it likes."""
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ConsoleLink:
    """An unused one-time link."""

    role: Role
    resets: bool
    """Whether it may set a new password for a name that is there: made on the machine itself."""


class LinkProblem(StrEnum):
    """Why a one-time link let nobody in."""

    SPENT = "spent"
    """It was used before, its time is over, or there never was one."""
    TAKEN = "taken"
    """Somebody else signs in by that name. The link stays good."""
