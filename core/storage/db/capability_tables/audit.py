"""The table of what operators did. People stand in it by their ids: their names are looked up when it is read."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, text

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label

_ABOUT = {name: text("identity_id IS NOT NULL") for name in ("sqlite_where", "postgresql_where")}

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("via", Label(16), nullable=False, comment="console, command or chat"),
    Column("actor", Label(128), nullable=False, comment="a user of the console or the system, or an account"),
    Column("actor_identity_id", Id, nullable=True, comment="who it was in chat; a row of identities"),
    Column("address", Label(64), nullable=False, default="", comment="of the browser's connection"),
    Column("action", Label(32), nullable=False),
    Column("turn_id", Id, nullable=True, comment="no reference: the fact outlasts the turn"),
    Column("identity_id", Id, nullable=True, comment="whom it was about; likewise"),
    Column("subject", Label(300), nullable=False, default="", comment="what it was about, by ids"),
    Column("detail", Label(64), nullable=False, default=""),
    Index(None, "at"),
    Index(None, "action", "at"),
    Index(None, "actor", "at"),
    Index("ix_audit_log_about", "identity_id", "at", info=_ABOUT),
)
