"""Which of several processes on one PostgreSQL does what is done once for all of them."""

from __future__ import annotations

from sqlalchemy import Column, Float, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label

cluster_leases = Table(
    "cluster_leases",
    metadata,
    Column("name", Label(32), primary_key=True),
    Column("owner", Label(64), nullable=False, comment="a process: its machine, its number, and chance"),
    Column("fence", Id, nullable=False, comment="one more with each owner"),
    Column("held_until", Instant, nullable=False, comment="by the database's time"),
    Column("balance_usd", Float, nullable=True, comment="what its owner last read of the account"),
    Column("usage_24h_usd", Float, nullable=True, comment="likewise"),
)
