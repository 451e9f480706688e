"""The audit log as the console shows it: filtered, the newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from core.storage.console.paging import Page, Spot, older_than, page_of
from core.storage.db import Database, audit_log, identities

ROWS = 50
EVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to show; what is empty asks for nothing."""

    actor: str = ""
    """As the log names them."""
    action: str = ""
    person_id: int | None = None
    """Whom it was about."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry, with the names that people have now."""

    id: int
    at: datetime
    via: str
    actor: str
    actor_name: str
    """Of who acted in chat; `""`: not known, or forgotten."""
    address: str
    action: str
    turn_id: int | None
    person_id: int | None
    """Whom it was about."""
    subject: str
    subject_name: str
    """Likewise."""
    detail: str


class AuditReads:
    """`core.console.audit.AuditSource`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: AuditFilter, before: Spot | None = None) -> Page[AuditLine]:
        async with self._database.read(many_rows=True) as connection:
            rows = (await connection.execute(audit_query(wanted, before))).all()
        return page_of([_line(row) for row in rows], ROWS, lambda line: Spot(line.at, line.id))

    async def actors(self) -> Sequence[str]:
        """Everybody who stands in the log, by name: each found by one step in the index, however long the log is."""
        found: list[str] = []
        async with self._database.read() as connection:
            while len(found) < ROWS:
                after = found[-1] if found else ""
                name = await connection.scalar(
                    select(func.min(audit_log.c.actor)).where(audit_log.c.actor > after)
                )
                if name is None:
                    return found
                found.append(name)
        return found


def audit_query(wanted: AuditFilter, before: Spot | None) -> Select[Any]:
    """One row more than a page has, so that it is known whether there are more."""
    who, whom = identities.alias("who"), identities.alias("whom")
    own = audit_log.c["id", "at", "via", "actor", "address", "action", "turn_id", "subject", "detail"]
    names = who.c.name.label("actor_name"), whom.c.name.label("subject_name"), whom.c.person_id
    query = (
        select(*own, *names)
        .outerjoin_from(audit_log, who, who.c.id == audit_log.c.actor_identity_id)
        .outerjoin(whom, whom.c.id == audit_log.c.identity_id)
        .where(*_which(wanted))
    )
    if before is not None:
        query = query.where(older_than(before, audit_log.c.at, audit_log.c.id))
    return query.order_by(audit_log.c.at.desc(), audit_log.c.id.desc()).limit(ROWS + 1)


def _which(wanted: AuditFilter) -> Sequence[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = [audit_log.c.at >= (wanted.since or EVER)]
    if wanted.actor:
        which.append(audit_log.c.actor == wanted.actor)
    if wanted.action:
        which.append(audit_log.c.action == wanted.action)
    if wanted.person_id is not None:
        theirs = select(identities.c.id).where(identities.c.person_id == wanted.person_id)
        which.append(audit_log.c.identity_id.in_(theirs) & audit_log.c.identity_id.is_not(None))
    if wanted.until is not None:
        which.append(audit_log.c.at < wanted.until)
    return which


def _line(row: Any) -> AuditLine:
    return AuditLine(
        id=row.id,
        at=row.at,
        via=row.via,
        actor=row.actor,
        actor_name=row.actor_name or "",
        address=row.address,
        action=row.action,
        turn_id=row.turn_id,
        person_id=row.person_id,
        subject=row.subject,
        subject_name=row.subject_name or "",
        detail=row.detail,
    )
