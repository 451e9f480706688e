"""What calls cost beside an answer's completion: a column of its own, so that tokens keep their price beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "of calls beside the completion, such as a search"
    op.add_column("usage", sa.Column("other_usd", sa.Float(), nullable=True, comment=comment))


def downgrade() -> None:
    with op.batch_alter_table("usage") as table:
        table.drop_column("other_usd")
