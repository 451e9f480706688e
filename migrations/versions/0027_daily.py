"""What days came to, counted from turns that ended; when the first text of an answer was shown."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
TABLES = ("platforms", "places", "people", "failures", "times", "balances")


def _count(name: str, comment: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, comment=comment)


def _sums() -> list[sa.Column[Any]]:
    return [
        *map(_count, ("answered", "failed", "cancelled", "superseded")),
        _count("used", "answers of which usage is stored"),
        *map(_count, ("prompt_tokens", "completion_tokens")),
        _count("priced", "answers of which AIVAX told what they cost, or calls beside them"),
        sa.Column("usd", sa.Float(), nullable=False, comment="as far as AIVAX told it"),
        _count("untold_prompt_tokens", "of answers whose own cost AIVAX did not tell"),
        _count("untold_completion_tokens"),
    ]


def _create(name: str, keys: list[sa.Column[Any]], *columns: sa.Column[Any]) -> None:
    names = [key.name for key in keys]
    op.create_table(
        f"daily_{name}",
        sa.Column("day", sa.Date(), nullable=False),
        *keys,
        *columns,
        sa.PrimaryKeyConstraint("day", *names, name=f"pk_daily_{name}"),
    )


def _platform() -> sa.Column[Any]:
    return sa.Column("platform", sa.String(64), nullable=False)


def upgrade() -> None:
    op.create_table(
        "daily_spans",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("begins_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False, comment="what ended before is counted"),
        sa.PrimaryKeyConstraint("day", name="pk_daily_spans"),
    )
    channel = sa.Column("channel", sa.String(128), nullable=False, comment="empty: all direct messages")
    workspace = sa.Column("workspace", sa.String(128), nullable=False)
    _create("platforms", [_platform()], *_sums())
    _create("places", [_platform(), workspace, channel], *_sums())
    op.create_table(
        "daily_people",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("identity_id", ID, nullable=False),
        *_sums(),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name="fk_daily_people_identity_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "identity_id", name="pk_daily_people"),
    )
    op.create_index("ix_daily_people_identity_id", "daily_people", ["identity_id"])
    failure = sa.Column("failure", sa.String(64), nullable=False, comment="name of the error")
    _create("failures", [_platform(), failure], _count("turns"))
    what = sa.Column("what", sa.String(16), nullable=False, comment="first_text or end, since the question")
    bucket = sa.Column("bucket", sa.Integer(), nullable=False, comment="see core.storage.rollups.buckets")
    _create("times", [_platform(), what, bucket], _count("turns"))
    op.create_table(
        "daily_balances",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False, comment="as it was last read that day"),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_daily_balances"),
    )
    shown = "when the first text of its answer was shown"
    op.add_column("turns", sa.Column("first_text_at", INSTANT, nullable=True, comment=shown))
    emptied = sa.text("emptied_at IS NOT NULL")
    op.create_index("ix_turns_emptied", "turns", ["ended_at"], sqlite_where=emptied, postgresql_where=emptied)


def downgrade() -> None:
    op.drop_index("ix_turns_emptied", "turns")
    op.drop_column("turns", "first_text_at")
    for table in (*TABLES, "spans"):
        op.drop_table(f"daily_{table}")
