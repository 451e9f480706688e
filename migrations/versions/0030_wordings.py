"""Sentences of the bot's own that operators changed in the web console."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "console_wordings",
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, comment="the sentence's name"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False, comment="a user of the console"),
        sa.PrimaryKeyConstraint("language", "key", name="pk_console_wordings"),
    )


def downgrade() -> None:
    op.drop_table("console_wordings")
