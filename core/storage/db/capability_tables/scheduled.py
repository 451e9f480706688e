"""What is done at a time of its own: digests of channels, and reminders of people."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, Table, UniqueConstraint, text

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

_ASKED = text("stage = 'asked'")

digest_runs = Table(
    "digest_runs",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", Label(32), nullable=False, comment="the digest's, as the operator gives it"),
    Column("due_at", Instant, nullable=False),
    Column("since", Instant, nullable=False, comment="what was said from then on up to `due_at` is told"),
    Column("stage", Label(16), nullable=False, comment="see `core.storage.scheduled.digests.Stage`"),
    Column("turn_id", Id, nullable=True, comment="the turn that makes it; may be gone by now"),
    Column(
        "calls", Integer, nullable=False, default=0, comment="how often the model was asked, in all tries"
    ),
    Column(
        "usd",
        Float,
        nullable=False,
        default=0.0,
        server_default="0",
        comment="what those calls cost, as far as AIVAX told",
    ),
    Column("messages", Integer, nullable=True, comment="how many it was made of"),
    Column("created_at", Instant, nullable=False, index=True),
    UniqueConstraint("name", "due_at"),
    Index(None, "turn_id"),
    Index("ix_digest_runs_asked", "id", info={"sqlite_where": _ASKED, "postgresql_where": _ASKED}),
)

digest_opt_outs = Table(
    "digest_opt_outs",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True, comment="empty: in all of them"),
    Column("user", Label(128), primary_key=True),
    Column("since", Instant, nullable=False),
)

reminders = Table(
    "reminders",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("turn_id", Id, nullable=False, unique=True, comment="which turn asked for it"),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False),
    Column("platform", Label(64), nullable=False),
    Column("workspace", Label(128), nullable=False),
    Column("channel", Label(128), nullable=False),
    Column("thread", Label(128), nullable=False),
    Column("private", Boolean, nullable=False),
    Column("address", Words, nullable=False, comment="where it was asked for; empty: it was forgotten"),
    Column("text", Words, nullable=False, comment="what of; empty: it was forgotten"),
    Column("every", Label(128), nullable=False, comment="a schedule; empty: it comes once"),
    Column("zone", Label(64), nullable=False, comment="the time zone that its times are told in"),
    Column("due_at", Instant, nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Index(None, "identity_id", "id"),
)
