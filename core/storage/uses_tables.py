"""What people used of which each may have so much in 24 hours: counted, and without a word of theirs."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label

uses = Table(
    "uses",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False),
    Column("what", Label(64), nullable=False, comment="a tool's name, or what else is counted"),
    Column("at", Instant, nullable=False),
    Index(None, "person_id", "at"),
)
