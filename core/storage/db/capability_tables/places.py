"""The tables of places: what admins of servers and channels set in chat, and what is to be looked through."""

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

looks_back = Table(
    "looks_back",
    metadata,
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True),
    Column(
        "since",
        Instant,
        nullable=False,
        comment="what was said from then on may have been missed, and is read",
    ),
)
