"""What several processes on one PostgreSQL share: what is done once for all, connections, calls of platforms."""

from __future__ import annotations

from sqlalchemy import ARRAY, JSON, Column, Float, Integer, Table

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

cluster_members = Table(
    "cluster_members",
    metadata,
    Column("name", Label(32), primary_key=True, comment="what is shared"),
    Column("owner", Label(64), primary_key=True, comment="a process: its machine, its number, and chance"),
    Column("size", Integer, nullable=False, comment="into how many parts it is cut, as this process knows"),
    Column(
        "held_until", Instant, nullable=False, comment="by the database's time; after it the process is gone"
    ),
)
cluster_parts = Table(
    "cluster_parts",
    metadata,
    Column("name", Label(32), primary_key=True, comment="what is shared"),
    Column("size", Integer, primary_key=True, comment="into how many parts it is cut"),
    Column("part", Integer, primary_key=True, autoincrement=False, comment="from 0"),
    Column("owner", Label(64), nullable=False, comment="the process whose part it is"),
    Column("held_until", Instant, nullable=False, comment="by the database's time"),
)
cluster_windows = Table(
    "cluster_windows",
    metadata,
    Column("key", Label(64), primary_key=True, comment="what is called, or a digest of it"),
    Column(
        "booked",
        ARRAY(Float).with_variant(JSON(), "sqlite"),
        nullable=False,
        comment="the newest calls, in seconds by the database's time, the oldest first",
    ),
)
"""On PostgreSQL without a write-ahead log: after a crash it is empty, which does no harm."""
