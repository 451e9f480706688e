"""What admins set for their server or channel, as rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import PlaceSetting, Scope
from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import PLACES_CHANNEL, Database, hear_on, insert_into, place_settings
from core.storage.operations.audit import record

_KEY = ("platform", "workspace", "channel", "name")


@dataclass(frozen=True, slots=True)
class StoredSetting:
    """One value that is set."""

    scope: Scope
    name: str
    """As in `PlaceSetting`, or of another version of this program."""
    value: str
    changed_at: datetime
    gone_told: bool = False
    """Whether people were told that the gateway it names is offered no more."""


class PlaceSettingStore:
    """Reads and changes the rows; each change is told to the other processes as it is committed."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def all(self) -> Sequence[StoredSetting]:
        """Everything that is set, by place and name."""
        columns = place_settings.c
        query = select(place_settings).order_by(*(columns[name] for name in _KEY))
        async with self._database.read() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def change(
        self, scope: Scope, values: Mapping[PlaceSetting, str | None], by: Actor
    ) -> Mapping[PlaceSetting, str | None]:
        """Set values of a place, or with None take them away; what they were before."""
        async with self._database.write() as connection:
            here = select(*place_settings.c["name", "value"]).where(_is_in(scope))
            before = {row.name: row.value for row in await connection.execute(here)}
            for name, value in values.items():
                if value is None:
                    gone = delete(place_settings).where(_is_in(scope), place_settings.c.name == name.value)
                    await connection.execute(gone)
                else:
                    await self._set(connection, scope, name, value)
            for name, value in values.items():
                if before.get(name.value) != value:
                    await self._record(connection, scope, name.value, value or "", by)
            await _announce(connection)
        return {name: before.get(name.value) for name in values}

    async def clear(self, scope: Scope, by: Actor, name: str = "") -> Sequence[StoredSetting]:
        """Take away what is set for a place, or one value of it; of a server, in its channels, too. What went."""
        which = _is_in(scope) if scope.channel else _is_of_server(scope)
        which = which & (place_settings.c.name == name) if name else which
        async with self._database.write() as connection:
            taken = delete(place_settings).where(which).returning(place_settings)
            gone = [_stored(row) for row in (await connection.execute(taken)).all()]
            for each in gone:
                await self._record(connection, each.scope, each.name, "", by)
            await _announce(connection)
        return gone

    async def first_to_tell(self, scope: Scope, name: PlaceSetting, value: str) -> bool:
        """Whether nobody was told yet, by whichever process, that a value can't be used any more; now they are."""
        column = place_settings.c
        this = _is_in(scope) & (column.name == name.value) & (column.value == value)
        told = update(place_settings).where(this, column.gone_told_at.is_(None))
        async with self._database.write() as connection:
            return (await connection.execute(told.values(gone_told_at=self._now()))).rowcount > 0

    async def hear(self, heard: Callable[[], None]) -> None:
        """Call `heard` whenever another process may have changed something, until cancelled."""
        await hear_on(self._database, PLACES_CHANNEL, lambda _payload: heard(), heard)

    async def _set(self, connection: AsyncConnection, scope: Scope, name: PlaceSetting, value: str) -> None:
        new = {"value": value, "changed_at": self._now(), "gone_told_at": None}
        row = insert_into(connection, place_settings).values(**asdict(scope), name=name.value, **new)
        await connection.execute(row.on_conflict_do_update(index_elements=_KEY, set_=new))

    async def _record(
        self, connection: AsyncConnection, scope: Scope, name: str, value: str, by: Actor
    ) -> None:
        entry = AuditEntry(by, AuditAction.PLACE, subject=str(scope)[:300], detail=f"{name}={value}")
        await record(connection, self._now(), entry)


def _stored(row: Row[Any]) -> StoredSetting:
    scope = Scope(row.platform, row.workspace, row.channel)
    return StoredSetting(scope, row.name, row.value, row.changed_at, row.gone_told_at is not None)


async def _announce(connection: AsyncConnection) -> None:
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(PLACES_CHANNEL, "")))


def _is_of_server(scope: Scope) -> ColumnElement[bool]:
    return (place_settings.c.platform == scope.platform) & (place_settings.c.workspace == scope.workspace)


def _is_in(scope: Scope) -> ColumnElement[bool]:
    return _is_of_server(scope) & (place_settings.c.channel == scope.channel)
