"""Who may sign in, and who is signed in: what the console asks of the storage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.audit import Actor, AuditEntry
from core.domain.console import (
    ConsoleLink,
    ConsoleSession,
    ConsoleUser,
    LinkProblem,
    OutsideAccount,
    Role,
)


class Users(Protocol):
    """Users, and the one-time links by which they come to be. Tokens are given as their digests."""

    async def all(self) -> Sequence[ConsoleUser]:
        """Everybody who may sign in, by name."""

    async def named(self, name: str) -> ConsoleUser | None: ...

    async def has_owner(self) -> bool:
        """Whether an owner is there who comes in by a password."""

    async def add_link(
        self, digest: str, role: Role, until: datetime, *, resets: bool, by: Actor | None
    ) -> None:
        """Keep a link; those whose time is over go. `by` is in the audit log; None: the bot itself made it."""

    async def link(self, digest: str) -> ConsoleLink | None:
        """The link, unless it was used or its time is over."""

    async def accept(self, digest: str, name: str, password: str, address: str) -> ConsoleUser | LinkProblem:
        """Use a link up: make its user, or, where it may, give one that is there the link's role and a new password.

        `password` is hashed, `address` that of the browser. Every session of a user who was there ends.
        """

    async def set_password(self, user_id: int, password: str, by: Actor) -> None:
        """`password` is hashed."""

    async def set_role(self, user_id: int, role: Role, by: Actor) -> bool:
        """False, and nothing changes, where no owner would be left."""

    async def remove(self, user_id: int, by: Actor) -> bool:
        """Remove a user with all sessions. False, and nothing changes, where no owner would be left."""


class Sessions(Protocol):
    """Open sessions. Tokens are given as their digests; one whose time is over is none."""

    async def begin(
        self, user_id: int, digest: str, agent: str, by: Actor, lasts: timedelta | None = None
    ) -> None:
        """`lasts`: no longer than that, however much it is used."""

    async def of(self, digest: str) -> ConsoleSession | None:
        """The session, noted as seen."""

    async def open_among(self, digests: Collection[str]) -> set[str]:
        """Those of these that are open; none is noted as seen."""

    async def all(self) -> Sequence[ConsoleSession]:
        """Everybody's, the last seen first."""

    async def end(self, session_id: int, by: Actor, *, of_user: int | None = None) -> bool:
        """End one, if it is of that user; None: whosever it is. Whether there was one."""

    async def end_others(self, user_id: int, but: str) -> None:
        """End all of a user but the one with this digest."""

    async def end_this(self, digest: str) -> None: ...


class OutsideUsers(Protocol):
    """Users who sign in with an account elsewhere."""

    async def enter(
        self, account: OutsideAccount, names: Sequence[str], role: Role, address: str
    ) -> ConsoleUser:
        """The user of this account, made at the first sign-in; what was told of the account is kept.

        They get the first of the names that nobody else has; the last one must be theirs alone. `address` is that of
        the browser.
        """

    async def use(self, digest: str, until: datetime) -> bool:
        """Note that what came back from a service was used; False: it was before. It is remembered until then."""


class Audit(Protocol):
    """The audit log, for what is not written with something else; `core.storage.operations.audit.AuditLog` is one."""

    async def add(self, entry: AuditEntry) -> None: ...


class Tries(Protocol):
    """Wrong tries to sign in."""

    async def take(self, keys: Sequence[str], most: int, span_s: float) -> float:
        """Count one try for each key, before it is judged, unless one of them has used up `most` in the last seconds.

        How many seconds to wait before the next one may be made; 0: it was counted and may be judged.
        """

    async def forgive(self, keys: Sequence[str]) -> None:
        """A try was right: forget those before it."""
