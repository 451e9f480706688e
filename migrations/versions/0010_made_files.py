"""Files that models make, kept with the stored answer until its platform shows them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "made_files",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("turn_id", ID, nullable=False),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="its place among the files of the answer, from 1"
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=128), nullable=False),
        sa.Column("alt", sa.Text(), nullable=False, comment="what it shows"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False, comment="kept until it is shown"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_made_files_turn_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_made_files"),
        sa.UniqueConstraint("turn_id", "number", name="uq_made_files_turn_id_number"),
    )


def downgrade() -> None:
    op.drop_table("made_files")
