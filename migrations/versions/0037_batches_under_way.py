"""An index on the batches under way: what they may cost is counted before another one is begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    under_way = sa.text("stage IN ('new', 'running')")
    op.create_index(
        "ix_batch_jobs_open",
        "batch_jobs",
        ["turn_id"],
        sqlite_where=under_way,
        postgresql_where=under_way,
    )


def downgrade() -> None:
    op.drop_index("ix_batch_jobs_open", "batch_jobs")
