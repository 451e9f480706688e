"""Workspaces that installed the Slack app."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "slack_installations",
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("team_name", sa.Text(), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("bot_user", sa.String(length=64), nullable=False),
        sa.Column("bot_id", sa.String(length=64), nullable=False),
        sa.Column("bot_name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installer", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, comment="encrypted"),
        sa.Column(
            "refresh_token", sa.Text(), nullable=False, comment="encrypted; empty where tokens do not rotate"
        ),
        sa.Column("expires_at", INSTANT, nullable=True, comment="null: the token does not expire"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows each time that the token changes"),
        sa.Column(
            "refreshing_until", INSTANT, nullable=True, comment="a process asks for a new token until then"
        ),
        sa.Column("installed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("team", name="pk_slack_installations"),
    )
    op.create_table(
        "slack_install_states",
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the state that a browser carries",
        ),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_slack_install_states"),
    )


def downgrade() -> None:
    op.drop_table("slack_install_states")
    op.drop_table("slack_installations")
