"""Tables and columns under the names of the field: breakers, probes, held turns, cancel requests, alerts.

Only names change, so neither database copies a table. The state of a held turn stays stored as `parked`: it stands in a
check constraint, and SQLite changes one by copying the table, whose rows others refer to.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (("gates", "breakers"), ("openings", "releases"), ("notices", "alerts"))
COLUMNS = (
    ("turns", "parked_for", "held_by"),
    ("turns", "parked_at", "held_at"),
    ("turns", "wish", "cancel_request"),
    ("turns", "place_told", "position_told"),
    ("turns", "announced", "position_only_attempts"),
    ("turns", "unpaid", "unbilled_attempts"),
    ("breakers", "trials", "probes"),
    ("breakers", "trial_turn", "probe_turn"),
    ("failures", "gate", "breaker"),
    ("releases", "gate", "breaker"),
)
COMMENTS = {
    ("turns", "held_by"): "the breaker that holds it, or held it last",
    ("turns", "faulted_for"): "the breaker that it would have tripped",
    ("turns", "cancel_request"): "what its author wants of it; see `CancelRequest`",
    ("breakers", "name"): "a row is here as long as the breaker is tripped",
    ("breakers", "retry_at"): "when the next probe may be made",
    ("breakers", "kind"): "the failure that tripped it",
    ("breakers", "hinted_at"): "when a sign of recovery last called for a probe",
    ("breakers", "lowest_usd"): "lowest balance read since it tripped",
    ("failures", "breaker"): "the breaker that it tripped, or would have tripped",
    ("releases", "breaker"): "a breaker that was reset, with turns that it still holds",
}
PARKED = sa.text("state = 'parked'")


def upgrade() -> None:
    for old, new in TABLES:
        _rename_table(old, new)
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    if _is_postgresql():  # SQLite stores no comments
        for (table, column), comment in COMMENTS.items():
            op.execute(f"COMMENT ON COLUMN {table}.{column} IS '{comment}'")
    op.drop_index("ix_failures_gate_at", "failures")
    op.create_index("ix_failures_breaker_at", "failures", ["breaker", "at"])
    op.drop_index("ix_turns_parked", "turns")
    op.create_index("ix_turns_held", "turns", ["held_by", "id"], sqlite_where=PARKED, postgresql_where=PARKED)
    op.execute("UPDATE alerts SET key = 'breaker:' || substr(key, 6) WHERE key LIKE 'gate:%'")


def downgrade() -> None:
    op.execute("UPDATE alerts SET key = 'gate:' || substr(key, 9) WHERE key LIKE 'breaker:%'")
    op.drop_index("ix_turns_held", "turns")
    op.drop_index("ix_failures_breaker_at", "failures")
    for table, old, new in reversed(COLUMNS):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    for old, new in TABLES:
        _rename_table(new, old)
    op.create_index("ix_failures_gate_at", "failures", ["gate", "at"])
    op.create_index(
        "ix_turns_parked", "turns", ["parked_for", "id"], sqlite_where=PARKED, postgresql_where=PARKED
    )


def _rename_table(old: str, new: str) -> None:
    op.rename_table(old, new)
    if _is_postgresql():  # SQLite has no name for the index of a primary key
        op.execute(f"ALTER INDEX pk_{old} RENAME TO pk_{new}")


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
