"""The chat in the web console: what people say there, what is answered, and the files of both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "console_chat",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=True, comment="null: the core has not heard of its author yet"),
        sa.Column("kind", sa.String(8), nullable=False, comment="see `EntryKind`"),
        sa.Column(
            "key", sa.String(64), nullable=False, comment="a form's, or what an answer's message is found by"
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "extras", sa.JSON(), nullable=False, comment="buttons, a press, or what could be asked next"
        ),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows with each change"),
        sa.Column("taken", sa.Boolean(), nullable=False, comment="whether the core has it"),
        sa.Column("locale", sa.String(35), nullable=False, comment="the language of its author's browser"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["console_users.id"], name="fk_console_chat_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_console_chat_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_console_chat"),
    )
    for columns in (["user_id", "id"], ["taken", "id"], ["key"], ["identity_id"]):
        op.create_index(f"ix_console_chat_{'_'.join(columns)}", "console_chat", columns)
    op.create_table(
        "console_files",
        sa.Column("id", ID, nullable=False, autoincrement=True),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("identity_id", ID, nullable=True),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("media_type", sa.String(128), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["console_chat.id"], name="fk_console_files_entry_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_console_files_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_console_files"),
    )
    for column in ("entry_id", "identity_id"):
        op.create_index(f"ix_console_files_{column}", "console_files", [column])


def downgrade() -> None:
    op.drop_table("console_files")
    op.drop_table("console_chat")
