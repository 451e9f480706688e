"""The tables of what people may ask about their own data, of their consent, and of whom operators block."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

remote_erasures = Table(
    "remote_erasures",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), nullable=False),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False),
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("address", Words, nullable=False, comment="where the person is told what came of it"),
    Column("asked_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False, comment="when it is tried next; whoever tries it moves it on"),
    Column("tries", Integer, nullable=False, comment="how often AIVAX could not be asked, in a row"),
    Column("memories", Integer, nullable=False, comment="how many were deleted so far; so too below"),
    Column("records", Integer, nullable=False, comment="conversations in AIVAX' log"),
    Column("files", Integer, nullable=False, comment="files of the tool `shell`"),
    Index(None, "due_at"),
)

memory_lists = Table(
    "memory_lists",
    metadata,
    Column("person_id", Id, ForeignKey("persons.id", ondelete="CASCADE"), primary_key=True),
    Column("documents", JSON, nullable=False, comment="AIVAX' ids of the memories shown last, in that order"),
    Column("shown_at", Instant, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True, comment="empty: in whichever they are met"),
    Column("user", Label(128), primary_key=True),
    Column("blocked_at", Instant, nullable=False),
    Column("told_at", Instant, nullable=True, comment="when they were told; null: not yet"),
)

consents = Table(
    "consents",
    metadata,
    Column(
        "person_id",
        Id,
        ForeignKey("persons.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("told_at", Instant, nullable=False),
    Column("agreed_at", Instant, nullable=True, comment="null: not yet"),
)

held_questions = Table(
    "held_questions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("origin", Label(128), nullable=False, index=True, comment="the platform's id of the message"),
    Column("question", JSON, nullable=False, comment="what was said, and where; {}: it was forgotten"),
    Column("asked_at", Instant, nullable=False),
)
