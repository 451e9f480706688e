"""Batches that people had AIVAX work through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "batch_jobs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column(
            "title", sa.String(64), nullable=False, comment="what it is called at AIVAX, and found again by"
        ),
        sa.Column("form", sa.String(32), nullable=False),
        sa.Column(
            "stage",
            sa.String(16),
            nullable=False,
            comment="new, running, done or gone; see `core.batch.stages`",
        ),
        sa.Column(
            "wanted", sa.String(16), nullable=False, comment="cancel or retry: what its author asked for"
        ),
        sa.Column("workflow", sa.String(128), nullable=False, comment="AIVAX's id"),
        sa.Column("job", sa.String(128), nullable=False, comment="AIVAX's id"),
        sa.Column("address", sa.Text(), nullable=False, comment="where its author is told"),
        sa.Column("sheet", sa.Text(), nullable=False, comment="the file, as JSON; empty: it was forgotten"),
        sa.Column("result", sa.LargeBinary(), nullable=False, comment="the file that comes of it"),
        sa.Column("numbers", sa.JSON(), nullable=False, comment="how its items ended, by state"),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False, comment="items that wait no more"),
        sa.Column("told_percent", sa.Integer(), nullable=False),
        sa.Column("told_pause", sa.String(32), nullable=False, comment="the cause of a pause that was told"),
        sa.Column("result_turn", ID, nullable=True, comment="the turn that shows the result"),
        sa.Column("owner", sa.String(64), nullable=False, comment="who works on it, until `owned_until`"),
        sa.Column("owned_until", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False, comment="when it is looked at next"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_batch_jobs_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_jobs"),
        sa.UniqueConstraint("turn_id", name="uq_batch_jobs_turn_id"),
    )
    op.create_index("ix_batch_jobs_due_at", "batch_jobs", ["due_at"])
    op.create_index("ix_batch_jobs_identity_id_id", "batch_jobs", ["identity_id", "id"])
    op.create_index("ix_batch_jobs_result_turn", "batch_jobs", ["result_turn"])


def downgrade() -> None:
    op.drop_table("batch_jobs")
