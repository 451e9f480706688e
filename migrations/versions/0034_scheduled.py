"""Digests of channels, who is left out of them, and reminders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "digest_runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(32), nullable=False, comment="the digest's, as the operator gives it"),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column(
            "since", INSTANT, nullable=False, comment="what was said from then on up to `due_at` is told"
        ),
        sa.Column(
            "stage", sa.String(16), nullable=False, comment="see `core.storage.scheduled.digests.Stage`"
        ),
        sa.Column("turn_id", ID, nullable=True, comment="the turn that makes it; may be gone by now"),
        sa.Column(
            "calls", sa.Integer(), nullable=False, comment="how often the model was asked, in all tries"
        ),
        sa.Column("messages", sa.Integer(), nullable=True, comment="how many it was made of"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_digest_runs"),
        sa.UniqueConstraint("name", "due_at", name="uq_digest_runs_name_due_at"),
    )
    op.create_index("ix_digest_runs_turn_id", "digest_runs", ["turn_id"])
    op.create_index("ix_digest_runs_stage", "digest_runs", ["stage"])
    op.create_table(
        "digest_opt_outs",
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(128), nullable=False, comment="empty: in all of them"),
        sa.Column("user", sa.String(128), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", "user", name="pk_digest_opt_outs"),
    )
    op.create_table(
        "reminders",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False, comment="which turn asked for it"),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(128), nullable=False),
        sa.Column("thread", sa.String(128), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column(
            "address", sa.Text(), nullable=False, comment="where it was asked for; empty: it was forgotten"
        ),
        sa.Column("text", sa.Text(), nullable=False, comment="what of; empty: it was forgotten"),
        sa.Column("every", sa.String(128), nullable=False, comment="a schedule; empty: it comes once"),
        sa.Column("zone", sa.String(64), nullable=False, comment="the time zone that its times are told in"),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_reminders_identity_id_identities", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reminders"),
        sa.UniqueConstraint("turn_id", name="uq_reminders_turn_id"),
    )
    op.create_index("ix_reminders_due_at", "reminders", ["due_at"])
    op.create_index("ix_reminders_identity_id_id", "reminders", ["identity_id", "id"])


def downgrade() -> None:
    op.drop_table("reminders")
    op.drop_table("digest_opt_outs")
    op.drop_table("digest_runs")
