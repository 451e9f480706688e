"""Take the titles of threads out of Discord's addresses: they are the beginnings of questions. Find old addresses."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 500


def upgrade() -> None:
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(_titled(last)).all():
        for row in rows:
            told = sa.update(TURNS).where(TURNS.c.id == row.id).values(address=_untitled(row.address))
            connection.execute(told)
        last = rows[-1].id
    some = sa.text("address <> ''")
    op.create_index(
        "ix_turns_addressed", "turns", ["notice", "ended_at"], sqlite_where=some, postgresql_where=some
    )


def downgrade() -> None:
    """The titles are gone; an older version answers such a question in its thread, once that is there."""
    op.drop_index("ix_turns_addressed", "turns")


TURNS = sa.table("turns", sa.column("id"), sa.column("conversation_id"), sa.column("address"))
PLACES = sa.table("conversations", sa.column("id"), sa.column("platform"))


def _titled(after: int) -> sa.Select[tuple[int, str]]:
    titled = sa.select(TURNS.c.id, TURNS.c.address).join(PLACES, PLACES.c.id == TURNS.c.conversation_id)
    titled = titled.where(PLACES.c.platform == "discord", TURNS.c.address.like('%"n":%'), TURNS.c.id > after)
    return titled.order_by(TURNS.c.id).limit(BATCH)


def _untitled(address: str) -> str:
    """The same place without the title, and with the mark that its thread is opened from the question."""
    try:
        place = json.loads(address)
    except ValueError:
        return address
    if not isinstance(place, dict) or "n" not in place:
        return address
    del place["n"]
    return json.dumps({**place, "o": True}, separators=(",", ":"))
