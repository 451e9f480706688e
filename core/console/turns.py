"""What the console reads of turns."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import Actor
from core.storage.console.turns import Said, TurnLine, Waiting
from core.storage.operations.turn_changes import Outcome
from core.storage.ops.turn_story import TurnStory


class Turns(Protocol):
    """Turns by their state, by their reference, and one of them from its beginning to its end."""

    async def waiting(self) -> Waiting:
        """What has not ended, and the breakers that hold it."""

    async def failed(self, since: datetime) -> Sequence[TurnLine]:
        """What failed of that which was asked since then, the newest first."""

    async def find(self, wanted: Sequence[str]) -> Sequence[TurnStory]:
        """The turns that a reference, or an id of a message, belongs to."""

    async def story(self, turn_id: int) -> TurnStory | None: ...

    async def signs(self, turn_ids: Collection[int]) -> Mapping[int, object]:
        """Values that differ where anything of a turn's story changed; asked of many turns at once."""

    async def said(self, turn_id: int) -> Sequence[Said]:
        """What people and the bot wrote in one turn: only for who may read it."""


class TurnActions(Protocol):
    """What operators do to single turns; `core.operations.control.Control` is one."""

    async def retry(self, turn_id: int, by: Actor) -> Outcome:
        """Have a failed, held or delayed turn tried again."""

    async def drop(self, turn_id: int, by: Actor) -> Outcome:
        """End a turn that waits, and tell its author so."""
