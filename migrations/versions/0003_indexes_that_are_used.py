"""Indexes that both databases use: on what waits, what was told, and what belongs to a person."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN = "state = 'queued' OR state = 'running' OR state = 'parked'"


def upgrade() -> None:
    op.drop_index("ix_turns_waiting", table_name="turns")
    op.drop_index("ix_calls_promised", table_name="calls")
    op.create_index("ix_calls_promised", "calls", ["turn_id"], **_some("NOT sent", "sent = 0"))

    op.create_index("ix_turns_created_at", "turns", ["created_at"])
    op.create_index("ix_turns_queued", "turns", ["conversation_id", "id"], **_some("state = 'queued'"))
    op.create_index("ix_turns_kept", "turns", ["created_at"], **_some("state = 'parked'"))
    told = _some("parked_at IS NOT NULL")
    op.create_index("ix_turns_told", "turns", ["conversation_id", "parked_at"], **told)
    op.create_index("ix_turns_open", "turns", ["identity_id", "conversation_id", "state"], **_some(OPEN))

    op.create_index("ix_conversations_owned", "conversations", ["owner_id"], **_some("closed_at IS NULL"))
    heard = ["platform", "workspace", "active_at"]
    op.create_index("ix_conversations_platform_workspace_active_at", "conversations", heard)
    op.create_index("ix_feedback_identity_id", "feedback", ["identity_id"])


def _some(predicate: str, sqlite: str = "") -> dict[str, Any]:
    return {"sqlite_where": sa.text(sqlite or predicate), "postgresql_where": sa.text(predicate)}
