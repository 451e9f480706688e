"""What operators did: in the console, by commands and in chat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("via", sa.String(16), nullable=False, comment="console, command or chat"),
        sa.Column(
            "actor",
            sa.String(128),
            nullable=False,
            comment="a user of the console or the system, or an account",
        ),
        sa.Column("actor_identity_id", ID, nullable=True, comment="who it was in chat; a row of identities"),
        sa.Column("address", sa.String(64), nullable=False, comment="of the browser's connection"),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("turn_id", ID, nullable=True, comment="no reference: the fact outlasts the turn"),
        sa.Column("identity_id", ID, nullable=True, comment="whom it was about; likewise"),
        sa.Column("subject", sa.String(300), nullable=False, comment="what it was about, by ids"),
        sa.Column("detail", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.create_index("ix_audit_log_action_at", "audit_log", ["action", "at"])
    op.create_index("ix_audit_log_actor_at", "audit_log", ["actor", "at"])
    about = sa.text("identity_id IS NOT NULL")
    op.create_index(
        "ix_audit_log_about",
        "audit_log",
        ["identity_id", "at"],
        sqlite_where=about,
        postgresql_where=about,
    )


def downgrade() -> None:
    op.drop_table("audit_log")
