"""What stands in the chat of the web console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.console import ConsoleUser


class EntryKind(StrEnum):
    """What an entry is."""

    PERSON = "person"
    """What its author said."""
    BOT = "bot"
    """One message of the bot's."""
    IDEAS = "ideas"
    """What could be asked next."""
    PRESS = "press"
    """A press of a button: shown nowhere, and gone once the core has it."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be kept, of a kind that its bytes tell."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file of an entry, without its bytes."""

    id: int
    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Sign:
    """What tells whether an entry changed."""

    id: int
    version: int
    size: int
    """Of its text: what is forgotten has none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as it is shown."""

    sign: Sign
    kind: EntryKind
    text: str
    buttons: Sequence[Mapping[str, str]]
    """Each with `action`, `turn`, `label` and `value`."""
    ideas: Sequence[str]
    files: Sequence[FileLine]
    at: datetime

    @property
    def id(self) -> int:
        return self.sign.id


@dataclass(frozen=True, slots=True)
class Untaken:
    """Something that a person said or pressed, of which the core is still to hear."""

    id: int
    kind: EntryKind
    key: str
    user: ConsoleUser
    text: str
    press: Mapping[str, str]
    files: Sequence[FileLine]
    locale: str
