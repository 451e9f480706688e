"""Summaries of what fell out of conversations' history windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "summaries",
        sa.Column("conversation_id", ID, autoincrement=False, nullable=False),
        sa.Column("beside_id", ID, nullable=False, comment="where the turns stand that make it"),
        sa.Column(
            "identity_id", ID, nullable=True, comment="whose it is; null: all who write there share it"
        ),
        sa.Column("text", sa.Text(), nullable=False, comment="empty: there is none"),
        sa.Column("kept", sa.Boolean(), nullable=False, comment="false: who it is about wants none"),
        sa.Column("from_turn", ID, nullable=False, comment="nothing up to this turn is to come back"),
        sa.Column("up_to_turn", ID, nullable=False, comment="it covers what was said up to this turn"),
        sa.Column("through_turn", ID, nullable=False, comment="the last turn whose words may stand in it"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="grows with each change, to it or to what it is of",
        ),
        sa.Column(
            "failures", sa.Integer(), nullable=False, comment="how often nothing usable came, in a row"
        ),
        sa.Column("again_at", INSTANT, nullable=True, comment="when it is tried again after that"),
        sa.Column("made_at", INSTANT, nullable=True),
        sa.Column("made_by", ID, nullable=True, comment="the turn that made it last"),
        sa.Column("edited_at", INSTANT, nullable=True, comment="when its person last worded it"),
        sa.ForeignKeyConstraint(
            ["beside_id"],
            ["conversations.id"],
            name="fk_summaries_beside_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_summaries_conversation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_summaries_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_summaries"),
        sa.UniqueConstraint("beside_id", name="uq_summaries_beside_id"),
    )
    op.create_index("ix_summaries_identity_id", "summaries", ["identity_id"])


def downgrade() -> None:
    op.drop_index("ix_summaries_identity_id", table_name="summaries")
    op.drop_table("summaries")
