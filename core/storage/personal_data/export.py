"""All that is stored of a person, for themselves: read by the registry of words, so that no table is left out."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from core.domain import Identity
from core.storage.db import Database, batched, identities, turns
from core.storage.personal_data.accounts import identities_of, persons_of
from core.storage.personal_data.registry import STORES, Store

PAGE = 100
"""Turns, or rows, in one read: a long one would keep SQLite's log from being emptied."""


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By table."""


async def export(
    database: Database,
    identity: Identity,
    *,
    global_ids: Collection[str] = (),
    but_turn: int | None = None,
) -> Rows | None:
    """The rows of a person in every identity of theirs, by table, fit for JSON; None for who never wrote.

    Others' comments on their answers are left out: those are the others' words. `but_turn` is the turn that shows the
    export itself. `global_ids`: see `persons_of`.
    """
    async with database.read(many_rows=True) as connection:
        known = select(identities.c.id).where(
            identities.c.platform == identity.platform,
            identities.c.workspace == identity.workspace,
            identities.c.user == identity.user,
        )
        identity_id = (await connection.execute(known)).scalar_one_or_none()
        if identity_id is None:
            return None
        person_ids = await persons_of(connection, identity_id, global_ids)
        identity_ids = await identities_of(connection, person_ids)
        asked = select(turns.c.id).where(turns.c.identity_id.in_(identity_ids)).order_by(turns.c.id)
        turn_ids = [each for each in (await connection.execute(asked)).scalars() if each != but_turn]
    found: dict[str, list[dict[str, Any]]] = {}
    for store in STORES:
        column, ids = _link(store, person_ids, identity_ids, turn_ids)
        found[store.table.name] = [
            row for chunk in batched(ids, PAGE) for row in await _rows(database, store, column, chunk)
        ]
    return found


def _link(
    store: Store, person_ids: Sequence[int], identity_ids: Sequence[int], turn_ids: Sequence[int]
) -> tuple[str, Sequence[int]]:
    if store.identity:
        return store.identity, identity_ids
    return (store.turn, turn_ids) if store.turn else (store.person, person_ids)


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
