"""Answers that people take away: found by a message of theirs, and taken off the screen by a sentence's turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    told = "a notice: the turn whose answer it takes away first"
    op.add_column("turns", sa.Column("takes_back", ID, nullable=True, comment=told))
    known = sa.text("message_id <> ''")
    op.create_index(
        "ix_deliveries_message_id", "deliveries", ["message_id"], sqlite_where=known, postgresql_where=known
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_message_id", table_name="deliveries")
    op.drop_column("turns", "takes_back")
