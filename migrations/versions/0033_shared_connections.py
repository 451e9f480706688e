"""Connections to platforms, and how often these may be called, shared by processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
MOMENTS = postgresql.ARRAY(sa.Float()).with_variant(sa.JSON(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cluster_members",
        sa.Column("name", sa.String(32), nullable=False, comment="what is shared"),
        sa.Column(
            "owner", sa.String(64), nullable=False, comment="a process: its machine, its number, and chance"
        ),
        sa.Column(
            "size",
            sa.Integer(),
            nullable=False,
            comment="into how many parts it is cut, as this process knows",
        ),
        sa.Column(
            "held_until",
            INSTANT,
            nullable=False,
            comment="by the database's time; after it the process is gone",
        ),
        sa.PrimaryKeyConstraint("name", "owner", name="pk_cluster_members"),
    )
    op.create_table(
        "cluster_parts",
        sa.Column("name", sa.String(32), nullable=False, comment="what is shared"),
        sa.Column("size", sa.Integer(), nullable=False, comment="into how many parts it is cut"),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False, comment="from 0"),
        sa.Column("owner", sa.String(64), nullable=False, comment="the process whose part it is"),
        sa.Column("held_until", INSTANT, nullable=False, comment="by the database's time"),
        sa.PrimaryKeyConstraint("name", "size", "part", name="pk_cluster_parts"),
    )
    op.create_table(
        "cluster_windows",
        sa.Column("key", sa.String(64), nullable=False, comment="what is called, or a digest of it"),
        sa.Column(
            "booked",
            MOMENTS,
            nullable=False,
            comment="the newest calls, in seconds by the database's time, the oldest first",
        ),
        sa.PrimaryKeyConstraint("key", name="pk_cluster_windows"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE cluster_windows SET UNLOGGED")
        op.execute("ALTER TABLE cluster_windows SET (fillfactor = 50)")


def downgrade() -> None:
    op.drop_table("cluster_windows")
    op.drop_table("cluster_parts")
    op.drop_table("cluster_members")
