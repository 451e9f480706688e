"""What an operator tells people while answers are paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "the operator's own, which people are told of a pause"
    op.add_column("breakers", sa.Column("sentence", sa.String(1000), nullable=True, comment=comment))


def downgrade() -> None:
    op.execute("DELETE FROM breakers WHERE cause = 'pause'")
    op.drop_column("breakers", "sentence")
