"""The installations in the database: one per workspace, read anew each time, because other processes change them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update

from bots.slack.events.payloads import Bot
from bots.slack.installations.sealing import Seal
from bots.slack.installations.tables import installations as table
from core.storage.db.engine import Database
from core.storage.db.upsert import insert_into
from core.util.clock import Clock


@dataclass(frozen=True, slots=True)
class Tokens:
    """What `oauth.v2.access` gives: kept out of every repr."""

    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace."""

    bot: Bot
    tokens: Tokens
    installed_at: datetime
    team_name: str = ""
    app: str = ""
    scopes: str = ""
    installer: str = ""
    version: int = 0

    @property
    def team(self) -> str:
        return self.bot.team


class Installations:
    """The workspaces that installed the app."""

    def __init__(self, database: Database, seal: Seal, now: Clock) -> None:
        self._database = database
        self._seal = seal
        self._now = now

    async def find(self, team: str) -> Installation | None:
        """Read a workspace's installation; None where there is none."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(table.c.team == team))).mappings().first()
        return None if row is None else self._read(row)

    async def save(self, installation: Installation) -> None:
        """Store an installation; one that was there before is replaced."""
        told = {
            "team_name": installation.team_name,
            "app": installation.app,
            "bot_user": installation.bot.user,
            "bot_id": installation.bot.bot,
            "bot_name": installation.bot.name,
            "scopes": installation.scopes,
            "installer": installation.installer,
            "installed_at": installation.installed_at,
            "refreshing_until": None,
            **self._sealed(installation.tokens),
        }
        async with self._database.write() as connection:
            new = insert_into(connection, table).values(team=installation.team, version=1, **told)
            again = {**told, "version": table.c.version + 1}
            await connection.execute(new.on_conflict_do_update(index_elements=[table.c.team], set_=again))

    async def remove(self, team: str, before: datetime) -> bool:
        """Forget a workspace, its tokens with it, unless it was installed after `before`; whether it was there."""
        gone = delete(table).where(table.c.team == team, table.c.installed_at <= before)
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount > 0

    async def discard(self, known: Installation) -> bool:
        """Forget a workspace whose tokens count no more, unless it got others meanwhile."""
        gone = delete(table).where(table.c.team == known.team, table.c.version == known.version)
        async with self._database.write() as connection:
            return (await connection.execute(gone)).rowcount > 0

    async def claim(self, installation: Installation, until: datetime) -> bool:
        """Become the only one to refresh this version of the tokens, until that moment at most."""
        free = or_(table.c.refreshing_until.is_(None), table.c.refreshing_until < self._now())
        return await self._change(installation, {"refreshing_until": until}, free)

    async def disclaim(self, installation: Installation) -> None:
        """Let others refresh."""
        await self._change(installation, {"refreshing_until": None})

    async def renew(self, installation: Installation, tokens: Tokens) -> bool:
        """Store new tokens in place of this version's; False where it was replaced or removed meanwhile."""
        fresh = {**self._sealed(tokens), "refreshing_until": None, "version": installation.version + 1}
        return await self._change(installation, fresh)

    async def reseal(self) -> int:
        """Encrypt with the first key what another one encrypted; how many workspaces had such tokens."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(table))).mappings().all()
        old = [
            row for row in rows if any(self._seal.is_old(row[name]) for name in ("token", "refresh_token"))
        ]
        for row in old:
            known = self._read(row)
            await self._change(known, self._sealed(known.tokens))
        return len(old)

    async def _change(self, known: Installation, values: dict[str, Any], *conditions: Any) -> bool:
        same = (table.c.team == known.team, table.c.version == known.version)
        async with self._database.write() as connection:
            done = await connection.execute(update(table).where(*same, *conditions).values(**values))
            return done.rowcount > 0

    def _sealed(self, tokens: Tokens) -> dict[str, Any]:
        return {
            "token": self._seal.close(tokens.token),
            "refresh_token": self._seal.close(tokens.refresh_token),
            "expires_at": tokens.expires_at,
        }

    def _read(self, row: Any) -> Installation:
        return Installation(
            bot=Bot(row["team"], row["bot_user"], row["bot_id"], row["bot_name"]),
            tokens=Tokens(
                self._seal.open(row["token"]), self._seal.open(row["refresh_token"]), row["expires_at"]
            ),
            team_name=row["team_name"],
            app=row["app"],
            scopes=row["scopes"],
            installer=row["installer"],
            installed_at=row["installed_at"],
            version=row["version"],
        )
