"""Whom operators block."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(128), nullable=False, comment="empty: in whichever they are met"),
        sa.Column("user", sa.String(128), nullable=False),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), nullable=True, comment="when they were told; null: not yet"
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", "user", name="pk_blocks"),
    )


def downgrade() -> None:
    op.drop_table("blocks")
