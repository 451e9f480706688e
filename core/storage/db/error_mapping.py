"""What a database's refusal means: each cause an error of its own, by the codes that SQLite and PostgreSQL give."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from core.domain import (
    DatabaseCrowded,
    DatabaseDamaged,
    DatabaseFailed,
    DatabaseForbidden,
    DatabaseFull,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseUnreachable,
    SchemaUnfit,
)

OF_SQLITE: dict[int, type[DatabaseFailed]] = {
    sqlite3.SQLITE_PERM: DatabaseForbidden,
    sqlite3.SQLITE_AUTH: DatabaseForbidden,
    sqlite3.SQLITE_BUSY: DatabaseLocked,
    sqlite3.SQLITE_LOCKED: DatabaseLocked,
    sqlite3.SQLITE_READONLY: DatabaseReadOnly,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_NOTADB: DatabaseDamaged,
    sqlite3.SQLITE_FULL: DatabaseFull,
    sqlite3.SQLITE_SCHEMA: SchemaUnfit,
    sqlite3.SQLITE_ERROR: SchemaUnfit,
}
"""By the low byte of SQLite's result code (https://sqlite.org/rescode.html). `ERROR`: a statement that it refuses."""

OF_POSTGRESQL: dict[str, type[DatabaseFailed]] = {
    "3F": SchemaUnfit,
    "42": SchemaUnfit,
    "42501": DatabaseForbidden,
    "28": DatabaseForbidden,
    "3D": DatabaseUnreachable,
    "40": DatabaseLocked,
    "55P03": DatabaseLocked,
    "25006": DatabaseReadOnly,
    "25P03": DatabaseUnreachable,
    "53": DatabaseCrowded,
    "53100": DatabaseFull,
    "XX001": DatabaseDamaged,
    "XX002": DatabaseDamaged,
}
"""By SQLSTATE, else its class (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

OF_A_LOGIN: dict[str, type[DatabaseFailed]] = {
    "too many clients": DatabaseCrowded,
    "remaining connection slots": DatabaseCrowded,
    "too many connections": DatabaseCrowded,
    "no more connections allowed": DatabaseCrowded,
    "query_wait_timeout": DatabaseCrowded,
    "authentication failed": DatabaseForbidden,
    "no password supplied": DatabaseForbidden,
    "no pg_hba.conf entry": DatabaseForbidden,
}
"""A refused login reaches the driver as words alone; the last two of the first kind are PgBouncer's."""


def cause_of(error: DBAPIError, shown_url: str) -> DatabaseFailed | None:
    """The error of ours; None for a fault of the program, such as a row that breaks a constraint."""
    kind = _kind_of(error)
    return None if kind is None else kind(shown_url, reason_of(error))


def reason_of(error: DBAPIError) -> str:
    """What the driver says of it, in one line."""
    said = str(error.orig).strip().splitlines()
    return said[0] if said else type(error.orig).__name__


def _kind_of(error: DBAPIError) -> type[DatabaseFailed] | None:
    away = error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        found = OF_SQLITE.get(code & 0xFF)
        return found or (DatabaseUnreachable if away else None)
    state = getattr(error.orig, "sqlstate", None) or ""
    if found := OF_POSTGRESQL.get(state) or OF_POSTGRESQL.get(state[:2]):
        return found
    if not away:
        return None
    said = str(error.orig)
    return next((kind for words, kind in OF_A_LOGIN.items() if words in said), DatabaseUnreachable)
