"""What `aivax-bots db backup`, `restore`, `drill` and `key` do, and what they print."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from bots.cli.commandline import sentence
from core.domain import BackupRefused, BotError, SettingRefused
from core.settings import BackupSettings
from core.storage.ops import encryption, rotation
from core.storage.ops.backup import back_up, restore
from core.storage.ops.drill import Found, drill
from core.util.clock import Clock, Sleep, utc_now
from core.util.log import log

Tell = Callable[[str], object]


class Backups:
    """The backups of one database. Every method that a command calls gives its exit status."""

    def __init__(
        self,
        url: str,
        settings: BackupSettings,
        tell: Tell,
        *,
        keep: int | None = None,
        now: Clock = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`keep` wins over the setting of that name; `tell` prints a line."""
        self._url = url
        self._settings = settings
        self._keep = keep or settings.keep
        self._tell = tell
        self._now = now
        self._sleep = sleep

    async def write(self, path: Path, *, force: bool = False) -> int:
        """One at that path; nothing else is touched."""
        await back_up(self._url, path, overwrite=force, recipients=self._settings.recipients)
        self._tell(f"wrote {path}{' (encrypted)' if self._settings.recipients else ''}")
        return 0

    async def add(self) -> int:
        """One more in the folder, named by the time; then those go that the rule lets go."""
        folder = self._folder()
        name = rotation.name_at(self._now(), encrypted=bool(self._settings.recipients))
        await self.write(folder / name)
        for gone in rotation.rotate(folder, keep=self._keep, keep_weeks=self._settings.keep_weeks):
            self._tell(f"deleted {gone}")
        return 0

    async def go_on(self, every_hours: float) -> int:
        """One every so many hours, until cancelled. One that fails is told, and the next one tried in its time."""
        self._folder()
        while True:
            try:
                await self.add()
            except (BotError, OSError) as error:
                log.error("backup.failed", problem=sentence(error))  # noqa: TRY400  a sentence says it all
            await self._sleep(every_hours * 3600)

    async def put_back(self, path: Path) -> int:
        """In the database's place."""
        kept = await restore(self._url, path, identity=self._identity())
        self._tell(f"restored {path}" + (f"; the database of before is kept as {kept}" if kept else ""))
        return 0

    async def drill(self, path: Path | None, into: str, max_age_hours: float | None) -> int:
        """Restore it elsewhere, and tell what is in it. 0: it can be restored, and is whole."""
        source = path or rotation.newest_in(self._folder())
        self._refuse_old(path, max_age_hours)
        began = time.monotonic()
        found = await drill(self._url, source, identity=self._identity(), into=into)
        self._tell(f"{source}: restored elsewhere in {time.monotonic() - began:.1f} s, and deleted there")
        for line in lines_of(found):
            self._tell(line)
        if found.dangling:
            raise BackupRefused(
                str(source), f"rows refer to others that are missing: {_counts(found.dangling)}"
            )
        return 0

    def _refuse_old(self, path: Path | None, max_age_hours: float | None) -> None:
        if path is not None or max_age_hours is None:
            return
        newest = rotation.backups_in(self._folder())[0]
        age = self._now() - newest.taken_at
        if age > timedelta(hours=max_age_hours):
            hours = age.total_seconds() / 3600
            reason = f"it is the newest, and {hours:.0f} hours old: backups are no longer taken"
            raise BackupRefused(str(newest.path), reason)

    def _folder(self) -> Path:
        if not self._settings.folder:
            raise SettingRefused(
                "[backup] folder", fix="name the folder that backups go into, or give a path"
            )
        return Path(self._settings.folder)

    def _identity(self) -> str:
        return self._settings.identity.get_secret_value()


def lines_of(found: Found) -> list[str]:
    """What a drill found, a line each."""
    newest = f"{found.newest_at:%Y-%m-%d %H:%M} UTC" if found.newest_at else "none"
    return [
        f"schema: revision {found.revision}",
        f"references: {'all lead somewhere' if not found.dangling else 'broken'}",
        f"newest question: {newest}",
        f"to be answered after a restore: {found.waiting}",
        f"rows: {_counts(found.rows) or 'none'}",
    ]


async def make_key(path: Path, tell: Tell) -> int:
    """A new secret key in a file, and what to do with both."""
    public = encryption.make_identity(path)
    tell(f"wrote {path}: keep it away from this machine; without it no encrypted backup opens")
    tell(f'[backup] recipients = ["{public}"]')
    return 0


def _counts(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in rows.items())
