"""The tables of the web console: who may sign in and with what, sessions, links, wrong tries, sentences.

No words of people.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Table, UniqueConstraint

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

console_users = Table(
    "console_users",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column(
        "name",
        Label(64),
        nullable=False,
        unique=True,
        comment="in small letters; chosen at the first sign-in",
    ),
    Column("role", Label(16), nullable=False),
    Column(
        "password", Label(256), nullable=False, comment="hashed by argon2id, with its parameters and salt"
    ),
    Column("created_at", Instant, nullable=False),
)

console_outside_accounts = Table(
    "console_outside_accounts",
    metadata,
    Column("user_id", Id, ForeignKey("console_users.id", ondelete="CASCADE"), primary_key=True),
    Column("issuer", Label(200), nullable=False, comment="with which service they sign in"),
    Column("subject", Label(255), nullable=False, comment="what the service calls the account for good"),
    Column("workspace", Label(64), nullable=False),
    Column("email", Label(320), nullable=False, comment="only one that the service has verified"),
    Column("groups", JSON, nullable=False, comment="those that the settings named at the last sign-in"),
    Column("seen_at", Instant, nullable=False, comment="when they last signed in"),
    UniqueConstraint("issuer", "subject"),
)

console_used_states = Table(
    "console_used_states",
    metadata,
    Column("digest", Label(64), primary_key=True, comment="SHA-256 of what came back from another service"),
    Column("expires_at", Instant, nullable=False),
)

console_links = Table(
    "console_links",
    metadata,
    Column(
        "digest", Label(64), primary_key=True, comment="SHA-256 of the token; the token itself is not stored"
    ),
    Column("role", Label(16), nullable=False),
    Column(
        "resets",
        Boolean,
        nullable=False,
        comment="whether it may set a new password for a name that is there",
    ),
    Column("expires_at", Instant, nullable=False),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("user_id", Id, ForeignKey("console_users.id", ondelete="CASCADE"), nullable=False),
    Column("digest", Label(64), nullable=False, unique=True, comment="SHA-256 of the token in the cookie"),
    Column("agent", Label(200), nullable=False, comment="the browser's own name"),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=True, comment="in any case; NULL: as the settings say"),
    Index(None, "user_id"),
)

console_tries = Table(
    "console_tries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("key", Label(64), nullable=False, comment="a digest of the name or of the address that tried"),
    Column("at", Instant, nullable=False),
    Index(None, "key", "at"),
)

console_wordings = Table(
    "console_wordings",
    metadata,
    Column("language", Label(16), primary_key=True),
    Column("key", Label(64), primary_key=True, comment="the sentence's name"),
    Column("text", Words, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("changed_by", Label(64), nullable=False, comment="a user of the console"),
)
