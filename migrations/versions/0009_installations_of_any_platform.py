"""Installations of any platform in one table. States of installations under way are signed since, and not stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
REST = (
    "app, bot_user, bot_id, bot_name, scopes, installer, token, refresh_token, expires_at, version,"
    " refreshing_until, installed_at"
)


def upgrade() -> None:
    op.create_table(
        "installations",
        sa.Column("platform", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=128), nullable=False),
        sa.Column("workspace_name", sa.Text(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("platform", "workspace", name="pk_installations"),
    )
    op.execute(
        f"INSERT INTO installations (platform, workspace, workspace_name, {REST})"  # noqa: S608
        f" SELECT 'slack', team, team_name, {REST} FROM slack_installations"
    )
    op.drop_table("slack_installations")
    op.drop_table("slack_install_states")


def downgrade() -> None:
    op.create_table(
        "slack_install_states",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_slack_install_states"),
    )
    op.create_table(
        "slack_installations",
        sa.Column("team", sa.String(length=64), nullable=False),
        sa.Column("team_name", sa.Text(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("team", name="pk_slack_installations"),
    )
    op.execute(
        f"INSERT INTO slack_installations (team, team_name, {REST})"  # noqa: S608
        f" SELECT workspace, workspace_name, {REST} FROM installations WHERE platform = 'slack'"
    )
    op.drop_table("installations")


def _columns() -> list[sa.Column[object]]:
    rotates = "encrypted; empty where tokens do not rotate"
    return [
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("bot_user", sa.String(length=64), nullable=False),
        sa.Column("bot_id", sa.String(length=64), nullable=False),
        sa.Column("bot_name", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("installer", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Text(), nullable=False, comment="encrypted"),
        sa.Column("refresh_token", sa.Text(), nullable=False, comment=rotates),
        sa.Column("expires_at", INSTANT, nullable=True, comment="null: the token does not expire"),
        sa.Column("version", sa.Integer(), nullable=False, comment="grows each time that the token changes"),
        sa.Column(
            "refreshing_until", INSTANT, nullable=True, comment="a process asks for a new token until then"
        ),
        sa.Column("installed_at", INSTANT, nullable=False),
    ]
