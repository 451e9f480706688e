"""Which sentences told of which batch, so that a button below one is about that batch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "batch_turns",
        sa.Column("turn_id", ID, autoincrement=False, nullable=False),
        sa.Column("batch_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_batch_turns_turn_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch_jobs.id"], name="fk_batch_turns_batch_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("turn_id", name="pk_batch_turns"),
    )
    op.create_index("ix_batch_turns_batch_id", "batch_turns", ["batch_id"])


def downgrade() -> None:
    op.drop_table("batch_turns")
