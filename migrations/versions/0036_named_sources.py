"""What was learnt tells whether somebody gave it its name: else it is called after its first message as that is now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

COMMENT = "whether somebody gave it that name; else it is what its first message says"


def upgrade() -> None:
    """Of what was learnt before nobody knows: what a message said may not outlive it."""
    named: sa.Column[bool] = sa.Column(
        "named", sa.Boolean(), nullable=False, server_default=sa.false(), comment=COMMENT
    )
    op.add_column("learnt", named)


def downgrade() -> None:
    op.drop_column("learnt", "named")
