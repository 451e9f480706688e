"""Batches that people had AIVAX work through, from before the first call until all of it is deleted there."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    literal_column,
    text,
)

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

_OPEN = "stage IN ('new', 'running')"
batch_jobs = Table(
    "batch_jobs",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("identity_id", Id, nullable=False),
    Column("conversation_id", Id, nullable=False),
    Column("title", Label(64), nullable=False, comment="what it is called at AIVAX, and found again by"),
    Column("form", Label(32), nullable=False),
    Column("stage", Label(16), nullable=False, comment="new, running, done or gone; see `core.batch.stages`"),
    Column(
        "wanted", Label(16), nullable=False, default="", comment="cancel or retry: what its author asked for"
    ),
    Column("workflow", Label(128), nullable=False, default="", comment="AIVAX's id"),
    Column("job", Label(128), nullable=False, default="", comment="AIVAX's id"),
    Column("address", Words, nullable=False, comment="where its author is told"),
    Column("sheet", Words, nullable=False, comment="the file, as JSON; empty: it was forgotten"),
    Column("result", LargeBinary, nullable=False, default=b"", comment="the file that comes of it"),
    Column("numbers", JSON, nullable=False, comment="how its items ended, by state"),
    Column("total", Integer, nullable=False),
    Column("ended", Integer, nullable=False, default=0, comment="items that wait no more"),
    Column("told_percent", Integer, nullable=False, default=0),
    Column("told_pause", Label(32), nullable=False, default="", comment="the cause of a pause that was told"),
    Column("result_turn", Id, nullable=True, comment="the turn that shows the result"),
    Column("owner", Label(64), nullable=False, default="", comment="who works on it, until `owned_until`"),
    Column("owned_until", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, comment="when it is looked at next"),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=True),
    Index(None, "due_at"),
    Index(
        "ix_batch_jobs_open", "turn_id", info={"sqlite_where": text(_OPEN), "postgresql_where": text(_OPEN)}
    ),
    Index(None, "identity_id", "id"),
    Index(None, "result_turn"),
)


def batch_is_open() -> ColumnElement[bool]:
    """Whether a batch is still under way: written as its index has it, so that this is used."""
    return batch_jobs.c.stage.in_([literal_column("'new'"), literal_column("'running'")])


batch_turns = Table(
    "batch_turns",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("batch_id", Id, ForeignKey("batch_jobs.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""The sentences that told of a batch: a button below one is about that batch."""
