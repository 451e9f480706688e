"""The table of the operator's own tools."""

from __future__ import annotations

from sqlalchemy import Column, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Instant, Label

tool_calls = Table(
    "tool_calls",
    metadata,
    Column(
        "key", Label(64), primary_key=True, comment="a digest of the question, the function, its arguments"
    ),
    Column("at", Instant, nullable=False, index=True),
)
