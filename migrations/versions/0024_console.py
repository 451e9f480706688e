"""Who may sign in to the web console: users, sessions, one-time links, wrong tries; and turns by their reference."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "console_users",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column(
            "name", sa.String(64), nullable=False, comment="in small letters; chosen at the first sign-in"
        ),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column(
            "password",
            sa.String(256),
            nullable=False,
            comment="hashed by argon2id, with its parameters and salt",
        ),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_users"),
        sa.UniqueConstraint("name", name="uq_console_users_name"),
    )
    op.create_table(
        "console_links",
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of the token; the token itself is not stored",
        ),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column(
            "resets",
            sa.Boolean(),
            nullable=False,
            comment="whether it may set a new password for a name that is there",
        ),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_console_links"),
    )
    op.create_table(
        "console_sessions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the token in the cookie"),
        sa.Column("agent", sa.String(200), nullable=False, comment="the browser's own name"),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["console_users.id"], name="fk_console_sessions_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_console_sessions"),
        sa.UniqueConstraint("digest", name="uq_console_sessions_digest"),
    )
    op.create_index("ix_console_sessions_user_id", "console_sessions", ["user_id"])
    op.create_table(
        "console_tries",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column(
            "key", sa.String(64), nullable=False, comment="a digest of the name or of the address that tried"
        ),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_console_tries"),
    )
    op.create_index("ix_console_tries_key_at", "console_tries", ["key", "at"])
    given = sa.text("reference IS NOT NULL")
    op.create_index("ix_turns_reference", "turns", ["reference"], sqlite_where=given, postgresql_where=given)


def downgrade() -> None:
    op.drop_index("ix_turns_reference", "turns")
    for table in ("console_tries", "console_sessions", "console_links", "console_users"):
        op.drop_table(table)
