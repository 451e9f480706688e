"""`[batch]`: whether operators may have a form filled in for each row of a file, and how much of that."""

from __future__ import annotations

from pydantic import Field

from core.section import Section

RESERVED = ("status", "cancel", "retry")
"""What is said to a batch: no form may be called so."""


class BatchSettings(Section):
    """`[batch]`."""

    enabled: bool = False
    poll_interval_s: float = Field(15.0, gt=0)
    """How often a job at AIVAX is looked at."""
    lease_s: float = Field(120.0, ge=1)
    """How long a process may be silent before another takes over the batch that it works on."""
    most_rows: int = Field(1_000, ge=1, le=100_000)
    most_bytes: int = Field(5_000_000, ge=1, le=50_000_000)
    """The largest file."""
    most_open: int = Field(2, ge=1)
    """Batches of one person that may be under way."""
    keep_hours: float = Field(24.0, ge=0)
    """How long a finished batch stays at AIVAX, so that what failed in it can be tried again."""
    validation: str = ""
    """How AIVAX is to judge each answer, by another completion. Empty: it does not."""
