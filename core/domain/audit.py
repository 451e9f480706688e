"""What operators did, as the audit log keeps it: who, by which way, what, and about whom. Nobody's words are in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.messages import Identity


class Via(StrEnum):
    """By which way an operator acted."""

    CONSOLE = "console"
    """Signed in to the web console."""
    COMMAND = "command"
    """By `aivax-bots` on the machine, or with its admin token."""
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted."""

    via: Via
    name: str
    """The console's user, the system's user, or in chat `platform:user`; `""`: not known."""
    identity: Identity | None = None
    """Who it is in chat."""
    address: str = ""
    """Of the browser's connection; `""` beside the console."""

    def __str__(self) -> str:
        return self.name or self.via


def in_chat(identity: Identity) -> Actor:
    """The operator who said something in chat."""
    return Actor(Via.CHAT, f"{identity.platform}:{identity.user}", identity)


class AuditAction(StrEnum):
    """What was done."""

    RETRY = "turn.retry"
    DROP = "turn.drop"
    PAUSE = "answers.pause"
    RESUME = "answers.resume"
    BLOCK = "person.block"
    UNBLOCK = "person.unblock"
    EXPORT = "person.export"
    FORGET = "person.forget"
    LINK = "person.link"
    """By the person, who has two accounts."""
    UNLINK = "person.unlink"
    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in.failed"
    INVITE = "access.invite"
    JOIN = "access.join"
    ROLE = "access.role"
    REMOVE = "access.remove"
    PASSWORD = "access.password"  # noqa: S105  what was changed, not a password
    END_SESSION = "access.end_session"
    REPLY = "reply.change"
    GATEWAY = "gateway.choose"
    KNOWLEDGE = "knowledge.forget"
    DIGEST = "digest.print"
    """What people said in a channel was read and summarised, for who asked alone."""
    PLACE = "place.change"
    """By an operator, or by an admin of the place whom operators let do it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that was done."""

    actor: Actor
    action: AuditAction
    turn: int | None = None
    """Which turn it was about."""
    identity: int | None = None
    """Which identity it was about, by its row."""
    subject: str = ""
    """What else it was about: an account as `platform:user`, a user of the console, a sentence's name. No name of a
    person: that is looked up when the log is read, and is not found once they are forgotten."""
    detail: str = ""
    """Such as the new role, or a setting with its value; nothing that people wrote."""
