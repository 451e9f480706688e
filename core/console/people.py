"""What the console reads of people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.storage.console.people import PersonLine


class People(Protocol):
    """Who asks the bot."""

    async def busiest(self, since: datetime) -> Sequence[PersonLine]:
        """Those who were answered since then, the most often answered first."""
