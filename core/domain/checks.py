"""What `doctor` asks: checks of one thing each, and what they find. None raises, none shows a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class CheckState(StrEnum):
    """What came of a check. Other programs read these words."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be checked: the cause tells why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found of one thing."""

    check: str
    """Its stable id, such as `aivax.balance`: words in lower case, with dots between them."""
    state: CheckState
    cause: str
    """What was seen, in a short sentence for who runs the bot."""
    cure: str = ""
    """The one thing to do; `""` where nothing is to be done."""
    took_s: float = field(default=0.0, compare=False)
    """How long the check took that found it, all of its findings together."""


class Check(Protocol):
    """Looks at one part of the installation. It raises nothing, and ends in its own time."""

    @property
    def name(self) -> str:
        """What its findings' ids begin with: what is told of it where it does not end in time."""

    async def run(self) -> Sequence[Finding]: ...


def ok(check: str, cause: str) -> Finding:
    """Nothing is to be done."""
    return Finding(check, CheckState.OK, cause)


def warning(check: str, cause: str, cure: str) -> Finding:
    """The bot works, but something is to be looked at."""
    return Finding(check, CheckState.WARNING, cause, cure)


def failed(check: str, cause: str, cure: str) -> Finding:
    """Something does not work until it is mended."""
    return Finding(check, CheckState.FAILED, cause, cure)


def unknown(check: str, cause: str, cure: str = "") -> Finding:
    """It could not be checked."""
    return Finding(check, CheckState.UNKNOWN, cause, cure)
