"""Users of the console who sign in with an account elsewhere, and what came back from there, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.audit import Actor, AuditAction, AuditEntry, Via
from core.domain.console import ConsoleUser, OutsideAccount, Role
from core.storage.console.access.users import user_of, users
from core.storage.db import (
    Database,
    console_outside_accounts,
    console_used_states,
    console_users,
    insert_into,
)
from core.storage.operations.audit import record


class OutsideStore:
    """`core.console.sign_in.OutsideUsers`, kept in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def enter(
        self, account: OutsideAccount, names: Sequence[str], role: Role, address: str
    ) -> ConsoleUser:
        accounts = console_outside_accounts.c
        same = (accounts.issuer == account.issuer) & (accounts.subject == account.subject)
        async with self._database.write() as connection:
            await _one_at_a_time(connection)
            known = (await connection.execute(users().where(same))).one_or_none()
            if known is None:
                await self._add(connection, account, names, role, address)
            else:
                await self._renew(connection, user_of(known), account, names, role, address)
            return user_of((await connection.execute(users().where(same))).one())

    async def use(self, digest: str, until: datetime) -> bool:
        new = {"digest": digest, "expires_at": until}
        async with self._database.write() as connection:
            gone = delete(console_used_states).where(console_used_states.c.expires_at <= self._now())
            await connection.execute(gone)
            insert = insert_into(connection, console_used_states).values(new).on_conflict_do_nothing()
            used = await connection.execute(insert.returning(console_used_states.c.digest))
            return used.first() is not None

    async def _add(
        self,
        connection: AsyncConnection,
        account: OutsideAccount,
        names: Sequence[str],
        role: Role,
        address: str,
    ) -> None:
        name = await _free(connection, names, None)
        new = {"name": name, "role": role, "password": "", "created_at": self._now()}
        insert = console_users.insert().values(new).returning(console_users.c.id)
        user_id = (await connection.execute(insert)).scalar_one()
        row = {"user_id": user_id, "issuer": account.issuer, "subject": account.subject}
        await connection.execute(console_outside_accounts.insert().values(row | self._told(account)))
        joined = Actor(Via.CONSOLE, name, address=address)
        await record(connection, self._now(), AuditEntry(joined, AuditAction.JOIN, detail=role))

    async def _renew(
        self,
        connection: AsyncConnection,
        user: ConsoleUser,
        account: OutsideAccount,
        names: Sequence[str],
        role: Role,
        address: str,
    ) -> None:
        name = await _free(connection, names, user.id)
        this = console_users.c.id == user.id
        await connection.execute(update(console_users).where(this).values(name=name, role=role))
        theirs = console_outside_accounts.c.user_id == user.id
        told = update(console_outside_accounts).where(theirs).values(self._told(account))
        await connection.execute(told)
        if user.role is not role:
            by = Actor(Via.CONSOLE, name, address=address)
            entry = AuditEntry(by, AuditAction.ROLE, subject=name, detail=role)
            await record(connection, self._now(), entry)

    def _told(self, account: OutsideAccount) -> dict[str, Any]:
        return {
            "workspace": account.workspace,
            "email": account.email,
            "groups": sorted(account.groups),
            "seen_at": self._now(),
        }


async def _one_at_a_time(connection: AsyncConnection) -> None:
    """Two first sign-ins of one account make one user. SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock(func.hashtextextended("console_outside_accounts", 0))
        await connection.execute(select(lock))


async def _free(connection: AsyncConnection, names: Sequence[str], user_id: int | None) -> str:
    """The first name that nobody else has."""
    taken = select(console_users.c.name).where(console_users.c.name.in_(names))
    if user_id is not None:
        taken = taken.where(console_users.c.id != user_id)
    others = set((await connection.execute(taken)).scalars())
    return next((name for name in names if name not in others), names[-1])
