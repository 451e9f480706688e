"""Signing in to the console with an account elsewhere: whose it is, and what came back from there once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "console_outside_accounts",
        sa.Column("user_id", ID, nullable=False),
        sa.Column("issuer", sa.String(200), nullable=False, comment="with which service they sign in"),
        sa.Column(
            "subject", sa.String(255), nullable=False, comment="what the service calls the account for good"
        ),
        sa.Column("workspace", sa.String(64), nullable=False),
        sa.Column("email", sa.String(320), nullable=False, comment="only one that the service has verified"),
        sa.Column(
            "groups", sa.JSON(), nullable=False, comment="those that the settings named at the last sign-in"
        ),
        sa.Column("seen_at", INSTANT, nullable=False, comment="when they last signed in"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["console_users.id"],
            name="fk_console_outside_accounts_user_id_console_users",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name="pk_console_outside_accounts"),
        sa.UniqueConstraint("issuer", "subject", name="uq_console_outside_accounts_issuer_subject"),
    )
    op.create_table(
        "console_used_states",
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of what came back from another service",
        ),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_console_used_states"),
    )
    op.add_column(
        "console_sessions",
        sa.Column("ends_at", INSTANT, nullable=True, comment="in any case; NULL: as the settings say"),
    )


def downgrade() -> None:
    op.execute("DELETE FROM console_users WHERE password = ''")  # nothing would let them in
    op.drop_column("console_sessions", "ends_at")
    op.drop_table("console_used_states")
    op.drop_table("console_outside_accounts")
