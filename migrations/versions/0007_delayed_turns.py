"""An index on turns that were tried and wait in line for another try, by what they waited behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    queued = sa.text("state = 'queued'")
    columns = ["parked_for", "id"]
    op.create_index("ix_turns_delayed", "turns", columns, sqlite_where=queued, postgresql_where=queued)
