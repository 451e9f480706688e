"""What is still to be looked through for messages that were missed, so that no restart forgets it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "looks_back",
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(128), nullable=False),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="what was said from then on may have been missed, and is read",
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", name="pk_looks_back"),
    )


def downgrade() -> None:
    op.drop_table("looks_back")
