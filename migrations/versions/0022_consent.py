"""Consent: who was told, who agreed, and what was asked before they did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "consents",
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True, comment="null: not yet"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_consents_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_consents"),
    )
    op.create_table(
        "held_questions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("origin", sa.String(128), nullable=False, comment="the platform's id of the message"),
        sa.Column(
            "question", sa.JSON(), nullable=False, comment="what was said, and where; {}: it was forgotten"
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_held_questions_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_held_questions"),
    )
    op.create_index("ix_held_questions_identity_id", "held_questions", ["identity_id"])
    op.create_index("ix_held_questions_origin", "held_questions", ["origin"])


def downgrade() -> None:
    op.drop_table("held_questions")
    op.drop_table("consents")
