"""Who changes the pieces of a source now, where people find it, and what each person had learnt in a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    told = "where people find what was learnt; null or empty: nowhere"
    op.add_column("learnt", sa.Column("link", sa.Text(), nullable=True, comment=told))
    owns = "who changes its pieces now, until `owned_until`"
    op.add_column("learnt", sa.Column("owner", sa.String(32), nullable=True, comment=owns))
    op.add_column("learnt", sa.Column("owned_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "learnt_sends",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column(
            "count", sa.Integer(), nullable=False, comment="how many new pieces went to AIVAX for them"
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_learnt_sends_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_learnt_sends"),
    )
    op.create_index("ix_learnt_sends_person_id_at", "learnt_sends", ["person_id", "at"])


def downgrade() -> None:
    op.drop_table("learnt_sends")
    with op.batch_alter_table("learnt") as table:
        for column in ("owned_until", "owner", "link"):
            table.drop_column(column)
