"""The summaries of what fell out of conversations' history windows."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Words

summaries = Table(
    "summaries",
    metadata,
    Column(
        "conversation_id",
        Id,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "beside_id",
        Id,
        ForeignKey("conversations.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
        comment="where the turns stand that make it",
    ),
    Column(
        "identity_id",
        Id,
        ForeignKey("identities.id", ondelete="CASCADE"),
        nullable=True,
        comment="whose it is; null: all who write there share it",
    ),
    Column("text", Words, nullable=False, comment="empty: there is none"),
    Column("kept", Boolean, nullable=False, comment="false: who it is about wants none"),
    Column("from_turn", Id, nullable=False, comment="nothing up to this turn is to come back"),
    Column("up_to_turn", Id, nullable=False, comment="it covers what was said up to this turn"),
    Column("through_turn", Id, nullable=False, comment="the last turn whose words may stand in it"),
    Column("version", Integer, nullable=False, comment="grows with each change, to it or to what it is of"),
    Column("failures", Integer, nullable=False, comment="how often nothing usable came, in a row"),
    Column("again_at", Instant, nullable=True, comment="when it is tried again after that"),
    Column("made_at", Instant, nullable=True),
    Column("made_by", Id, nullable=True, comment="the turn that made it last"),
    Column("edited_at", Instant, nullable=True, comment="when its person last worded it"),
    Index(None, "identity_id"),
)
