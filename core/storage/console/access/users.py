"""Users of the console and the one-time links by which they come to be, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain.audit import Actor, AuditAction, AuditEntry, Via
from core.domain.console import ConsoleLink, ConsoleUser, LinkProblem, OutsideAccount, Role
from core.storage.db import (
    Database,
    console_links,
    console_outside_accounts,
    console_sessions,
    console_users,
    insert_into,
)
from core.storage.operations.audit import record


class UserStore:
    """`core.console.sign_in.Users`, kept in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def all(self) -> Sequence[ConsoleUser]:
        async with self._database.read() as connection:
            rows = await connection.execute(users().order_by(console_users.c.name))
            return [user_of(row) for row in rows]

    async def named(self, name: str) -> ConsoleUser | None:
        async with self._database.read() as connection:
            return await _named(connection, name)

    async def has_owner(self) -> bool:
        async with self._database.read() as connection:
            return (await connection.execute(_owners().limit(1))).first() is not None

    async def add_link(
        self, digest: str, role: Role, until: datetime, *, resets: bool, by: Actor | None
    ) -> None:
        async with self._database.write() as connection:
            await connection.execute(delete(console_links).where(console_links.c.expires_at <= self._now()))
            row = {"digest": digest, "role": role, "resets": resets, "expires_at": until}
            await connection.execute(console_links.insert().values(row))
            if by is not None:
                await record(connection, self._now(), AuditEntry(by, AuditAction.INVITE, detail=role))

    async def link(self, digest: str) -> ConsoleLink | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(console_links).where(self._is_good(digest)))).one_or_none()
        return _link_of(row) if row else None

    async def accept(self, digest: str, name: str, password: str, address: str) -> ConsoleUser | LinkProblem:
        async with self._database.write() as connection:
            used = delete(console_links).where(self._is_good(digest)).returning(*console_links.c)
            row = (await connection.execute(used)).one_or_none()
            if row is None:
                return LinkProblem.SPENT
            link = _link_of(row)
            new = {"name": name, "role": link.role, "password": password, "created_at": self._now()}
            insert = insert_into(connection, console_users).values(new).on_conflict_do_nothing()
            if (await connection.execute(insert.returning(console_users.c.id))).first() is None:
                if not link.resets:
                    await connection.execute(console_links.insert().values(row._asdict()))
                    return LinkProblem.TAKEN
                await _renew(connection, name, link.role, password)
            user = await _named(connection, name)
            joined = Actor(Via.CONSOLE, name, address=address)
            await record(connection, self._now(), AuditEntry(joined, AuditAction.JOIN, detail=link.role))
        assert user is not None  # noqa: S101  made or renewed in this transaction
        return user

    async def set_password(self, user_id: int, password: str, by: Actor) -> None:
        this = console_users.c.id == user_id
        async with self._database.write() as connection:
            await connection.execute(update(console_users).where(this).values(password=password))
            await record(connection, self._now(), AuditEntry(by, AuditAction.PASSWORD))

    async def set_role(self, user_id: int, role: Role, by: Actor) -> bool:
        this = (console_users.c.id == user_id) & (console_users.c.password != "")
        async with self._database.write() as connection:
            if role is not Role.OWNER and not await _other_owner(connection, user_id):
                return False
            changed = update(console_users).where(this, console_users.c.role != role.value).values(role=role)
            name = await connection.scalar(changed.returning(console_users.c.name))
            if name is not None:
                entry = AuditEntry(by, AuditAction.ROLE, subject=name, detail=role)
                await record(connection, self._now(), entry)
            return True

    async def remove(self, user_id: int, by: Actor) -> bool:
        async with self._database.write() as connection:
            if not await _other_owner(connection, user_id):
                return False
            gone = delete(console_users).where(console_users.c.id == user_id)
            name = await connection.scalar(gone.returning(console_users.c.name))
            if name is not None:
                await record(connection, self._now(), AuditEntry(by, AuditAction.REMOVE, subject=name))
            return True

    def _is_good(self, digest: str) -> Any:
        return (console_links.c.digest == digest) & (console_links.c.expires_at > self._now())


def users(*more: Any) -> Select[Any]:
    """Users with their accounts elsewhere, in rows that `user_of` reads."""
    accounts = console_outside_accounts
    outside = (accounts.c[name] for name in ("issuer", "subject", "workspace", "email", "groups"))
    query = select(*console_users.c, *outside, *more)
    return query.select_from(console_users).outerjoin(accounts, accounts.c.user_id == console_users.c.id)


def user_of(row: Any) -> ConsoleUser:
    """The user in a row of `users`."""
    outside = None
    if row.issuer is not None:
        outside = OutsideAccount(row.issuer, row.subject, row.workspace, row.email, frozenset(row.groups))
    return ConsoleUser(row.id, row.name, Role(row.role), row.created_at, row.password, outside)


def _link_of(row: Any) -> ConsoleLink:
    return ConsoleLink(Role(row.role), row.resets)


async def _named(connection: AsyncConnection, name: str) -> ConsoleUser | None:
    rows = await connection.execute(users().where(console_users.c.name == name))
    row = rows.one_or_none()
    return user_of(row) if row else None


async def _renew(connection: AsyncConnection, name: str, role: Role, password: str) -> None:
    this = console_users.c.name == name
    await connection.execute(update(console_users).where(this).values(role=role, password=password))
    whose = select(console_users.c.id).where(this).scalar_subquery()
    await connection.execute(delete(console_sessions).where(console_sessions.c.user_id == whose))


def _owners() -> Select[Any]:
    """Owners who come in by a password: of the others nobody knows whether their service answers."""
    is_owner = (console_users.c.role == Role.OWNER.value) & (console_users.c.password != "")
    return select(console_users.c.id).where(is_owner)


async def _other_owner(connection: AsyncConnection, user_id: int) -> bool:
    """Whether an owner beside this user is there, or this user is none. Owners are locked until the end."""
    ids = set((await connection.execute(_owners().with_for_update())).scalars())
    return user_id not in ids or len(ids) > 1
