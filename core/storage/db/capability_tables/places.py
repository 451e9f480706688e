"""The table of what admins of servers and channels set in chat."""

from __future__ import annotations

from sqlalchemy import Column, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Instant, Label

place_settings = Table(
    "place_settings",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True),
    Column("channel", Label(128), primary_key=True, comment="empty: the whole server"),
    Column("name", Label(32), primary_key=True, comment="see `PlaceSetting`"),
    Column("value", Label(64), nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("gone_told_at", Instant, nullable=True, comment="when people were told that the gateway is gone"),
)
