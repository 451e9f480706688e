"""Failures that tell an outage from one question's own fault, and gates that open in batches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    faults = "tries that failed by its own fault"
    op.add_column(
        "turns", sa.Column("faults", sa.Integer(), nullable=False, server_default="0", comment=faults)
    )
    gate = "the gate that it would have closed with them"
    op.add_column("turns", sa.Column("faulted_for", sa.String(length=300), nullable=True, comment=gate))
    with op.batch_alter_table("gates") as gates:
        gates.drop_column("trial_until")
        kind = "the failure that closed it"
        gates.add_column(sa.Column("kind", sa.String(length=64), nullable=True, comment=kind))
        more = "how many more people may try at once"
        gates.add_column(
            sa.Column("confirms", sa.Integer(), nullable=False, server_default="0", comment=more)
        )
        hinted = "when a sign of recovery last called for a trial call"
        gates.add_column(sa.Column("hinted_at", INSTANT, nullable=True, comment=hinted))
    op.create_table(
        "failures",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column(
            "gate",
            sa.String(length=300),
            nullable=False,
            comment="the gate that it closed, or would have closed",
        ),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="what makes two failures the same"),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_failures_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
    )
    op.create_index("ix_failures_gate_at", "failures", ["gate", "at"])
    op.create_index("ix_failures_turn_id", "failures", ["turn_id"])
    still = "an open gate behind which turns are still parked"
    op.create_table(
        "openings",
        sa.Column("gate", sa.String(length=300), nullable=False, comment=still),
        sa.PrimaryKeyConstraint("gate", name="pk_openings"),
    )


def downgrade() -> None:
    op.drop_table("openings")
    op.drop_table("failures")
    with op.batch_alter_table("gates") as gates:
        for column in ("hinted_at", "confirms", "kind"):
            gates.drop_column(column)
        gates.add_column(sa.Column("trial_until", INSTANT, nullable=True))
    for column in ("faulted_for", "faults"):
        op.drop_column("turns", column)
