"""Writes the audit log: in the transaction of what it tells of, so that neither stands without the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import Identity
from core.domain.audit import AuditEntry
from core.storage.db import Database, audit_log, identities


async def record(connection: AsyncConnection, now: datetime, entry: AuditEntry) -> None:
    """Write one entry."""
    actor = entry.actor
    row = {
        "at": now,
        "via": actor.via,
        "actor": actor.name,
        "actor_identity_id": _row_of(actor.identity) if actor.identity is not None else None,
        "address": actor.address,
        "action": entry.action,
        "turn_id": entry.turn,
        "identity_id": entry.identity,
        "subject": entry.subject,
        "detail": entry.detail,
    }
    await connection.execute(audit_log.insert().values(row))


class AuditLog:
    """Writes what has no transaction of its own: a sign-in that failed, an export."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def add(self, entry: AuditEntry) -> None:
        """Write one entry."""
        async with self._database.write() as connection:
            await record(connection, self._now(), entry)


def _row_of(who: Identity) -> ScalarSelect[Any]:
    found = select(identities.c.id).where(
        identities.c.platform == who.platform,
        identities.c.workspace == who.workspace,
        identities.c.user == who.user,
    )
    return found.scalar_subquery()
