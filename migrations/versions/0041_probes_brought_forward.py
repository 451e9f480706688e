"""What a sign of recovery leaves at a breaker is the time of the probe that it brought forward, not its own."""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BEFORE = "when a sign of recovery last called for a probe"
AFTER = "the time of the probe that a sign brought forward"


def upgrade() -> None:
    _comment(AFTER)


def downgrade() -> None:
    _comment(BEFORE)


def _comment(comment: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite stores no comments
        op.execute(f"COMMENT ON COLUMN breakers.hinted_at IS '{comment}'")
