"""The table of codes by which people link their accounts: a row is gone once it is used, refused or too old."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, false, text

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label, Words

link_codes = Table(
    "link_codes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("digest", Label(64), nullable=False, unique=True, comment="of the code, which is stored nowhere"),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation_id", Id, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("address", Words, nullable=False, comment="where who has the code is asked and told"),
    Column("asked_turn_id", Id, nullable=True, comment="the turn that asks them whether they agree"),
    Column("by_identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("by_conversation_id", Id, nullable=True, comment="of who used the code; so too below"),
    Column("by_address", Words, nullable=False, server_default=text("''")),
    Column("by_turn_id", Id, nullable=True),
    Column("by_agreed", Boolean, nullable=False, server_default=false()),
    Column("shares_talk", Boolean, nullable=False, server_default=false()),
    Column("expires_at", Instant, nullable=False, index=True),
)
