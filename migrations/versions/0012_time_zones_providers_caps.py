"""The time zone of people, who ran the model of an answer, and what AIVAX said of a cap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = (
    ("identities", "time_zone", 64, "by its IANA name, as the platform told it"),
    ("usage", "provider", 64, "who ran the model; null or empty: not told"),
    ("breakers", "told", 200, "what operators hear that AIVAX said of it"),
)


def upgrade() -> None:
    for table, name, chars, comment in COLUMNS:
        op.add_column(table, sa.Column(name, sa.String(chars), nullable=True, comment=comment))


def downgrade() -> None:
    for table, name, _, _ in reversed(COLUMNS):
        op.drop_column(table, name)
