"""What admins of servers and channels set in chat, and which turns may set it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "place_settings",
        sa.Column("platform", sa.String(64), nullable=False),
        sa.Column("workspace", sa.String(128), nullable=False),
        sa.Column("channel", sa.String(128), nullable=False, comment="empty: the whole server"),
        sa.Column("name", sa.String(32), nullable=False, comment="see `PlaceSetting`"),
        sa.Column("value", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "gone_told_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when people were told that the gateway is gone",
        ),
        sa.PrimaryKeyConstraint("platform", "workspace", "channel", "name", name="pk_place_settings"),
    )
    comment = "what its author may set there, as the event told it"
    op.add_column("turns", sa.Column("administers", sa.String(16), nullable=True, comment=comment))


def downgrade() -> None:
    op.drop_column("turns", "administers")
    op.drop_table("place_settings")
