"""What a turn does in place of asking the model: the name of a capability."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = "what it does in place of asking the model; null: it asks"
    op.add_column("turns", sa.Column("capability", sa.String(32), nullable=True, comment=told))


def downgrade() -> None:
    op.drop_column("turns", "capability")
