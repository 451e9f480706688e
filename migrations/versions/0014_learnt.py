"""What was learnt into collections: its messages, its documents, and what is still to be done with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _learnt()
    op.create_table(
        "learnt_messages",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("learnt_id", ID, nullable=False),
        sa.Column(
            "origin",
            sa.String(128),
            nullable=False,
            comment="the platform's id of a message that it came from",
        ),
        sa.ForeignKeyConstraint(
            ["learnt_id"], ["learnt.id"], name="fk_learnt_messages_learnt_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_learnt_messages"),
        sa.UniqueConstraint("learnt_id", "origin", name="uq_learnt_messages_learnt_id_origin"),
    )
    op.create_index("ix_learnt_messages_origin", "learnt_messages", ["origin"])
    op.create_table(
        "learnt_pieces",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("learnt_id", ID, nullable=False),
        sa.Column(
            "code", sa.String(32), nullable=False, comment="what the document's name at AIVAX ends with"
        ),
        sa.Column("sent_at", MOMENT, nullable=True, comment="null: about to be sent, so it may be there"),
        sa.ForeignKeyConstraint(
            ["learnt_id"], ["learnt.id"], name="fk_learnt_pieces_learnt_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_learnt_pieces"),
        sa.UniqueConstraint("learnt_id", "code", name="uq_learnt_pieces_learnt_id_code"),
    )


def _learnt() -> None:
    op.create_table(
        "learnt",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("collection", sa.String(64), nullable=False, comment="the id of a collection of AIVAX"),
        sa.Column(
            "key",
            sa.String(32),
            nullable=False,
            comment="what makes it the same source when it is learnt again",
        ),
        sa.Column(
            "name", sa.Text(), nullable=False, comment="what people call it; empty: it is to be forgotten"
        ),
        sa.Column(
            "file", sa.JSON(), nullable=True, comment="where its bytes are fetched; null: it is a thread"
        ),
        *(sa.Column(name, sa.String(64 if name == "platform" else 128), nullable=False) for name in _PLACE),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column(
            "address",
            sa.Text(),
            nullable=False,
            comment="the frontend's own; around it the thread is read again",
        ),
        sa.Column("identity_id", ID, nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False, comment="how many its text makes"),
        sa.Column("learnt_at", MOMENT, nullable=True, comment="when all of it was sent; null: not yet"),
        sa.Column("wanted", sa.String(16), nullable=False, comment="what is to be done with it at AIVAX"),
        sa.Column("due_at", MOMENT, nullable=True, comment="when that is tried next; null: nothing is"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_learnt_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_learnt"),
        sa.UniqueConstraint("collection", "key", name="uq_learnt_collection_key"),
    )
    op.create_index("ix_learnt_identity_id", "learnt", ["identity_id"])
    is_due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_learnt_due", "learnt", ["due_at"], sqlite_where=is_due, postgresql_where=is_due)


_PLACE = ("platform", "workspace", "channel", "thread")


def downgrade() -> None:
    for table in ("learnt_pieces", "learnt_messages", "learnt"):
        op.drop_table(table)
