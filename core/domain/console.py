"""The values of the web console's sign-in: roles, users, accounts elsewhere, sessions, links.

No digest or hash is in a repr.
"""

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
class OutsideAccount:
    """Somebody's account with a service that people sign in with, as it was told of at the last sign-in."""

    issuer: str
    """Which service."""
    subject: str
    """What the service calls the account for good; nobody else there ever has it."""
    workspace: str = ""
    """The part of the service that it belongs to, where there is such a thing."""
    email: str = field(default="", repr=False)
    """Only one that the service has verified."""
    groups: frozenset[str] = frozenset()
    """Those that the settings name."""


@dataclass(frozen=True, slots=True)
class ConsoleUser:
    """Somebody who may sign in."""

    id: int
    name: str
    role: Role
    created_at: datetime
    password: str = field(repr=False)
    """Hashed; `""`: no password lets them in."""
    outside: OutsideAccount | None = None
    """With which account elsewhere they sign in; None: by a password. The settings say what they may, not `role`."""


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
