"""Looked up by the console's lists: people by the beginning of their name, places, questions by how they ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CHUNK = 1_000
FOLDED = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")
"""Compared by its characters on both databases, so that a beginning is a range of the index."""


def upgrade() -> None:
    op.add_column(
        "identities",
        sa.Column(
            "name_folded", FOLDED, nullable=False, server_default=sa.text("''"), comment="as it is looked for"
        ),
    )
    _fold_names(op.get_bind())
    op.create_index("ix_identities_name_folded", "identities", ["name_folded"])
    op.create_index("ix_identities_user", "identities", ["user"])
    op.create_index("ix_conversations_channel_active_at", "conversations", ["channel", "active_at"])
    unanswered = sa.text("state = 'failed' OR state = 'cancelled' OR state = 'superseded'")
    op.create_index(
        "ix_turns_unanswered",
        "turns",
        ["state", "created_at"],
        sqlite_where=unanswered,
        postgresql_where=unanswered,
    )


def downgrade() -> None:
    op.drop_index("ix_turns_unanswered", "turns")
    op.drop_index("ix_conversations_channel_active_at", "conversations")
    op.drop_index("ix_identities_user", "identities")
    op.drop_index("ix_identities_name_folded", "identities")
    op.drop_column("identities", "name_folded")


def _fold_names(connection: sa.Connection) -> None:
    """By Python, as they are written later: SQLite folds ASCII alone."""
    table = sa.table("identities", sa.column("id"), sa.column("name"), sa.column("name_folded"))
    change = (
        sa.update(table).where(table.c.id == sa.bindparam("row")).values(name_folded=sa.bindparam("folded"))
    )
    named = sa.select(table.c.id, table.c.name).where(table.c.name != "").order_by(table.c.id).limit(CHUNK)
    last = 0
    while rows := connection.execute(named.where(table.c.id > last)).all():
        last = rows[-1].id
        connection.execute(change, [{"row": row.id, "folded": row.name.casefold()[:256]} for row in rows])
