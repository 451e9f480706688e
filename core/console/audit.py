"""What the console reads of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from core.storage.console.audit import AuditFilter, AuditLine
from core.storage.console.paging import Page, Spot


class AuditSource(Protocol):
    """What operators did, and who tried to sign in."""

    async def page(self, wanted: AuditFilter, before: Spot | None = None) -> Page[AuditLine]:
        """The newest entries before a spot."""

    async def actors(self) -> Sequence[str]:
        """Who stands in the log, by name."""
