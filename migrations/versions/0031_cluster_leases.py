"""Which process does what is done once for all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cluster_leases",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column(
            "owner", sa.String(64), nullable=False, comment="a process: its machine, its number, and chance"
        ),
        sa.Column("fence", ID, nullable=False, comment="one more with each owner"),
        sa.Column("held_until", INSTANT, nullable=False, comment="by the database's time"),
        sa.Column(
            "balance_usd", sa.Float(), nullable=True, comment="what its owner last read of the account"
        ),
        sa.Column("usage_24h_usd", sa.Float(), nullable=True, comment="likewise"),
        sa.PrimaryKeyConstraint("name", name="pk_cluster_leases"),
    )


def downgrade() -> None:
    op.drop_table("cluster_leases")
