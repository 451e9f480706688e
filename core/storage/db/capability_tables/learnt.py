"""The tables of what was learnt."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, Table, UniqueConstraint, false, text

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

_WANTED: dict[str, Any] = {
    "info": {"sqlite_where": text("due_at IS NOT NULL"), "postgresql_where": text("due_at IS NOT NULL")}
}

learnt = Table(
    "learnt",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("collection", Label(64), nullable=False, comment="the id of a collection of AIVAX"),
    Column("key", Label(32), nullable=False, comment="what makes it the same source when it is learnt again"),
    Column("name", Words, nullable=False, comment="what people call it; empty: it is to be forgotten"),
    Column(
        "named",
        Boolean,
        nullable=False,
        default=False,
        server_default=false(),
        comment="whether somebody gave it that name; else it is what its first message says",
    ),
    Column(
        "file",
        JSON(none_as_null=True),
        nullable=True,
        comment="where its bytes are fetched; null: it is a thread",
    ),
    Column("platform", Label(64), nullable=False),
    Column("workspace", Label(128), nullable=False),
    Column("channel", Label(128), nullable=False),
    Column("thread", Label(128), nullable=False),
    Column("private", Boolean, nullable=False),
    Column(
        "address", Words, nullable=False, comment="the frontend's own; around it the thread is read again"
    ),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("pages", Integer, nullable=False, default=0),
    Column("pieces", Integer, nullable=False, default=0, comment="how many its text makes"),
    Column("learnt_at", Instant, nullable=True, comment="when all of it was sent; null: not yet"),
    Column("wanted", Label(16), nullable=False, default="", comment="what is to be done with it at AIVAX"),
    Column("due_at", Instant, nullable=True, comment="when that is tried next; null: nothing is"),
    Column("tries", Integer, nullable=False, default=0),
    Column("link", Words, nullable=True, comment="where people find what was learnt; null or empty: nowhere"),
    Column("owner", Label(32), nullable=True, comment="who changes its pieces now, until `owned_until`"),
    Column("owned_until", Instant, nullable=True),
    UniqueConstraint("collection", "key"),
    Index("ix_learnt_due", "due_at", **_WANTED),
)

learnt_messages = Table(
    "learnt_messages",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("learnt_id", Id, ForeignKey("learnt.id", ondelete="CASCADE"), nullable=False),
    Column("origin", Label(128), nullable=False, comment="the platform's id of a message that it came from"),
    UniqueConstraint("learnt_id", "origin"),
    Index(None, "origin"),
)

learnt_pieces = Table(
    "learnt_pieces",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("learnt_id", Id, ForeignKey("learnt.id", ondelete="CASCADE"), nullable=False),
    Column("code", Label(32), nullable=False, comment="what the document's name at AIVAX ends with"),
    Column("sent_at", Instant, nullable=True, comment="null: about to be sent, so it may be there"),
    UniqueConstraint("learnt_id", "code"),
)

learnt_sends = Table(
    "learnt_sends",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False),
    Column("count", Integer, nullable=False, comment="how many new pieces went to AIVAX for them"),
    Column("at", Instant, nullable=False),
    Index(None, "person_id", "at"),
)
"""What each person had learnt in the last day: it stays where what was learnt is forgotten again."""
