"""What is to be deleted of people at AIVAX, and which of their memories they were shown under which number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
OF = {"person_id": "persons", "identity_id": "identities", "conversation_id": "conversations"}


def upgrade() -> None:
    op.create_table(
        "remote_erasures",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        *(sa.Column(name, ID, nullable=False) for name in OF),
        sa.Column("address", sa.Text(), nullable=False, comment="where the person is told what came of it"),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column(
            "due_at", INSTANT, nullable=False, comment="when it is tried next; whoever tries it moves it on"
        ),
        sa.Column(
            "tries", sa.Integer(), nullable=False, comment="how often AIVAX could not be asked, in a row"
        ),
        sa.Column(
            "memories", sa.Integer(), nullable=False, comment="how many were deleted so far; so too below"
        ),
        sa.Column("records", sa.Integer(), nullable=False, comment="conversations in AIVAX' log"),
        sa.Column("files", sa.Integer(), nullable=False, comment="files of the tool `shell`"),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{table}.id"], name=f"fk_remote_erasures_{name}", ondelete="CASCADE"
            )
            for name, table in OF.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_remote_erasures"),
    )
    op.create_index("ix_remote_erasures_due_at", "remote_erasures", ["due_at"])
    op.create_table(
        "memory_lists",
        sa.Column("person_id", ID, nullable=False),
        sa.Column(
            "documents",
            sa.JSON(),
            nullable=False,
            comment="AIVAX' ids of the memories shown last, in that order",
        ),
        sa.Column("shown_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name="fk_memory_lists_person_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_memory_lists"),
    )


def downgrade() -> None:
    op.drop_table("memory_lists")
    op.drop_index("ix_remote_erasures_due_at", "remote_erasures")
    op.drop_table("remote_erasures")
