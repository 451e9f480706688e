"""The tables of the chat in the web console: what stands in it, as a platform of its own would keep it."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

console_chat = Table(
    "console_chat",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", Id, ForeignKey("console_users.id", ondelete="CASCADE"), nullable=False),
    Column(
        "identity_id",
        Id,
        ForeignKey("identities.id", ondelete="CASCADE"),
        nullable=True,
        comment="null: the core has not heard of its author yet",
    ),
    Column("kind", Label(8), nullable=False, comment="see `EntryKind`"),
    Column("key", Label(64), nullable=False, comment="a form's, or what an answer's message is found by"),
    Column("text", Words, nullable=False),
    Column("extras", JSON, nullable=False, comment="buttons, a press, or what could be asked next"),
    Column("version", Integer, nullable=False, default=0, comment="grows with each change"),
    Column("taken", Boolean, nullable=False, comment="whether the core has it"),
    Column("locale", Label(35), nullable=False, comment="the language of its author's browser"),
    Column("at", Instant, nullable=False),
    Index(None, "user_id", "id"),
    Index(None, "taken", "id"),
    Index(None, "key"),
    Index(None, "identity_id"),
)

console_files = Table(
    "console_files",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("entry_id", Id, ForeignKey("console_chat.id", ondelete="CASCADE"), nullable=False),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=True),
    Column("name", Label(256), nullable=False),
    Column("media_type", Label(128), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "entry_id"),
    Index(None, "identity_id"),
)
