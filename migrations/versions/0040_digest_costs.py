"""What each digest cost, in all tries; its old rows are found by their time, and those that are made by an index of
their own: nearly all others have ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

ASKED = sa.text("stage = 'asked'")


def upgrade() -> None:
    usd = sa.Column(
        "usd",
        sa.Float(),
        nullable=False,
        server_default="0",
        comment="what those calls cost, as far as AIVAX told",
    )
    op.add_column("digest_runs", usd)
    op.create_index("ix_digest_runs_created_at", "digest_runs", ["created_at"])
    op.drop_index("ix_digest_runs_stage", table_name="digest_runs")
    op.create_index("ix_digest_runs_asked", "digest_runs", ["id"], sqlite_where=ASKED, postgresql_where=ASKED)


def downgrade() -> None:
    op.drop_index("ix_digest_runs_asked", table_name="digest_runs")
    op.create_index("ix_digest_runs_stage", "digest_runs", ["stage"])
    op.drop_index("ix_digest_runs_created_at", table_name="digest_runs")
    op.drop_column("digest_runs", "usd")
