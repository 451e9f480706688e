"""The workspaces that installed an app of ours: one row each, read anew each time, as other processes change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Row, delete, or_, select, update

from core.storage.db import Database, insert_into
from core.storage.db import installations as table


class Seal(Protocol):
    """Encrypts what is stored of a token, with a key that the database does not have."""

    def close(self, token: str) -> str:
        """Encrypt; nothing stays nothing."""
        ...

    def open(self, sealed: str) -> str:
        """Decrypt; nothing stays nothing."""
        ...

    def is_old(self, sealed: str) -> bool:
        """Whether it is to be encrypted anew, with a newer key."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """What acts for the app in one workspace: kept out of every repr."""

    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace; ids and names as its platform gives them."""

    workspace: str
    bot_user: str
    bot_id: str
    bot_name: str
    tokens: Tokens
    installed_at: datetime
    workspace_name: str = ""
    app: str = ""
    scopes: str = ""
    installer: str = ""
    version: int = 0
    """Grows each time that the tokens change."""


class Installations:
    """The workspaces of one platform that installed the app."""

    def __init__(self, database: Database, platform: str, seal: Seal, now: Callable[[], datetime]) -> None:
        self._database = database
        self._platform = platform
        self._seal = seal
        self._now = now

    async def find(self, workspace: str) -> Installation | None:
        """Read a workspace's installation; None where there is none."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(*self._is(workspace)))).first()
        return None if row is None else self._read(row)

    async def all(self) -> list[Installation]:
        """Read all of them, by workspace."""
        which = select(table).where(table.c.platform == self._platform).order_by(table.c.workspace)
        async with self._database.read(many_rows=True) as connection:
            return [self._read(row) for row in (await connection.execute(which)).all()]

    async def save(self, installation: Installation) -> None:
        """Store an installation; one that was there before is replaced."""
        told = {
            "workspace_name": installation.workspace_name,
            "app": installation.app,
            "bot_user": installation.bot_user,
            "bot_id": installation.bot_id,
            "bot_name": installation.bot_name,
            "scopes": installation.scopes,
            "installer": installation.installer,
            "installed_at": installation.installed_at,
            "refreshing_until": None,
            **self._sealed(installation.tokens),
        }
        key = {"platform": self._platform, "workspace": installation.workspace}
        async with self._database.write() as connection:
            new = insert_into(connection, table).values(**key, version=1, **told)
            again = {**told, "version": table.c.version + 1}
            await connection.execute(new.on_conflict_do_update(index_elements=[*key], set_=again))

    async def remove(self, workspace: str, before: datetime) -> bool:
        """Forget a workspace, its tokens with it, unless it was installed after `before`; whether it was there."""
        return await self._delete(*self._is(workspace), table.c.installed_at <= before)

    async def discard(self, known: Installation) -> bool:
        """Forget a workspace whose tokens count no more, unless it got others meanwhile."""
        return await self._delete(*self._is(known.workspace), table.c.version == known.version)

    async def claim(self, known: Installation, until: datetime) -> bool:
        """Become the only one to refresh this version of the tokens, until that moment at most."""
        free = or_(table.c.refreshing_until.is_(None), table.c.refreshing_until < self._now())
        return await self._change(known, {"refreshing_until": until}, free)

    async def disclaim(self, known: Installation) -> None:
        """Let others refresh."""
        await self._change(known, {"refreshing_until": None})

    async def renew(self, known: Installation, tokens: Tokens) -> bool:
        """Store new tokens in place of this version's; False where it was replaced or removed meanwhile."""
        fresh = {**self._sealed(tokens), "refreshing_until": None, "version": known.version + 1}
        return await self._change(known, fresh)

    async def reseal(self) -> int:
        """Encrypt anew what an older key encrypted; how many workspaces had such tokens."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(table).where(table.c.platform == self._platform))).all()
        old = [
            self._read(row)
            for row in rows
            if self._seal.is_old(row.token) or self._seal.is_old(row.refresh_token)
        ]
        for known in old:
            await self._change(known, self._sealed(known.tokens))
        return len(old)

    def _is(self, workspace: str) -> tuple[Any, Any]:
        return table.c.platform == self._platform, table.c.workspace == workspace

    async def _change(self, known: Installation, values: dict[str, Any], *conditions: Any) -> bool:
        same = (*self._is(known.workspace), table.c.version == known.version)
        async with self._database.write() as connection:
            done = await connection.execute(update(table).where(*same, *conditions).values(**values))
            return done.rowcount > 0

    async def _delete(self, *conditions: Any) -> bool:
        async with self._database.write() as connection:
            return (await connection.execute(delete(table).where(*conditions))).rowcount > 0

    def _sealed(self, tokens: Tokens) -> dict[str, Any]:
        return {
            "token": self._seal.close(tokens.token),
            "refresh_token": self._seal.close(tokens.refresh_token),
            "expires_at": tokens.expires_at,
        }

    def _read(self, row: Row[Any]) -> Installation:
        tokens = Tokens(self._seal.open(row.token), self._seal.open(row.refresh_token), row.expires_at)
        return Installation(
            workspace=row.workspace,
            bot_user=row.bot_user,
            bot_id=row.bot_id,
            bot_name=row.bot_name,
            tokens=tokens,
            installed_at=row.installed_at,
            workspace_name=row.workspace_name,
            app=row.app,
            scopes=row.scopes,
            installer=row.installer,
            version=row.version,
        )
