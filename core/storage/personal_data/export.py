"""All that is stored of a person, for themselves: read by the registry of words, so that no table is left out."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from core.domain import Identity
from core.storage.db import Database, batched, identities, turns
from core.storage.personal_data.registry import STORES, Store

PAGE = 100
"""Turns, or rows, in one read: a long one would keep SQLite's log from being emptied."""


async def export(database: Database, identity: Identity) -> dict[str, list[dict[str, Any]]] | None:
    """The rows of a person in every identity of theirs, by table, fit for JSON; None for who never wrote.

    Others' comments on their answers are left out: those are the others' words.
    """
    async with database.read(many_rows=True) as connection:
        person = select(identities.c.person_id).where(
            identities.c.platform == identity.platform,
            identities.c.workspace == identity.workspace,
            identities.c.user == identity.user,
        )
        person_id = (await connection.execute(person)).scalar_one_or_none()
        if person_id is None:
            return None
        own = select(identities.c.id).where(identities.c.person_id == person_id)
        identity_ids = (await connection.execute(own)).scalars().all()
        asked = select(turns.c.id).where(turns.c.identity_id.in_(identity_ids)).order_by(turns.c.id)
        turn_ids = (await connection.execute(asked)).scalars().all()
    found: dict[str, list[dict[str, Any]]] = {}
    for store in STORES:
        column, ids = _link(store, person_id, identity_ids, turn_ids)
        found[store.table.name] = [
            row for chunk in batched(ids, PAGE) for row in await _rows(database, store, column, chunk)
        ]
    return found


def _link(
    store: Store, person_id: int, identity_ids: Sequence[int], turn_ids: Sequence[int]
) -> tuple[str, Sequence[int]]:
    if store.identity:
        return store.identity, identity_ids
    return (store.turn, turn_ids) if store.turn else (store.person, [person_id])


async def _rows(
    database: Database, store: Store, column: str, ids: Collection[int]
) -> Sequence[dict[str, Any]]:
    rows = select(store.table).where(store.table.c[column].in_(ids)).order_by(store.key())
    async with database.read(many_rows=True) as connection:
        return [_plain(row) for row in await connection.execute(rows)]


def _plain(row: Row[Any]) -> dict[str, Any]:
    return {
        name: _as_json(value)
        for name, value in row._mapping.items()  # noqa: SLF001  its public name, despite the underscore
    }


def _as_json(value: object) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
