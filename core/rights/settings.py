"""The section of the configuration."""

from __future__ import annotations

from pydantic import Field

from core.settings import Section


class MemorySettings(Section):
    """`[memory]`: people see what AIVAX' tool `Remember` keeps of them, and have single entries forgotten."""

    enabled: bool = False
    daily: int = Field(50, ge=0)
    """How often one person may ask in 24 hours: each look costs a search. 0: as often as they may ask anything."""
