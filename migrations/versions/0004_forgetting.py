"""Wishes to be forgotten, and the indexes by which a person's rows are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.text("emptied_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("conversation_id", ID, nullable=False),
        sa.Column(
            "address", sa.Text(), nullable=False, comment="where the person is told once all is erased"
        ),
        sa.Column("as_page", sa.Boolean(), nullable=False, comment="whether the page about them tells it"),
        sa.Column("last_turn", ID, nullable=False, comment="what is asked after it stays"),
        sa.Column("messages", sa.Integer(), nullable=False, comment="how many were erased so far"),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_erasures_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name=op.f("fk_erasures_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_erasures_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_conversations_owner_id", "conversations", ["owner_id"])
    op.create_index(
        "ix_turns_unemptied", "turns", ["identity_id", "id"], sqlite_where=KEPT, postgresql_where=KEPT
    )
