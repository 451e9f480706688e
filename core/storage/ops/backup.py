"""Backups: the database in one file, taken beside a running bot, and the way back.

Whatever fails, fails before anything is replaced: a backup is written beside its target and renamed once it is whole,
and a SQLite backup is checked and brought to this version's schema before it takes the old file's place.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from core.domain import BackupRefused, DatabaseBusy
from core.storage.db import FILE_MODE, Database, held_alone, migrate, parse_url
from core.storage.ops import encryption, pg_dump, sqlite_copy


async def back_up(url: str, target: Path, *, overwrite: bool = False, recipients: Sequence[str] = ()) -> None:
    """Write the database at `url`, as it is at one instant, into one file that only its owner may read.

    `recipients`: public keys of age; what they alone can open is written then, and nothing else into that folder.

    Raises:
        BackupRefused: the file exists, or can't be written whole.
        DatabaseUnreachable: there is no such database.
        ProgramMissing: PostgreSQL's `pg_dump` is not installed.
        SettingRefused: a recipient's key is none.
    """
    address = parse_url(url)
    encryption.check_recipients(recipients)
    _refuse_overwriting(target, allowed=overwrite)
    with _told_of(target), _draft_of(target) as draft:
        if recipients:
            with _draft_of(_near(address, target)) as plain:
                await _write(address, plain, target)
                await asyncio.to_thread(encryption.encrypt, plain, draft, recipients)
        else:
            await _write(address, draft, target)
        sqlite_copy.put(draft, target)


async def restore(url: str, source: Path, *, identity: str = "") -> Path | None:
    """Put a backup in the database's place; where the replaced SQLite file is kept, if there was one.

    `identity`: the secret key of age, for a backup that is encrypted.

    Raises:
        BackupRefused: the file is no backup of this bot's, is damaged, was written by a newer version, or is not for
            this key.
        DatabaseBusy: the database is in use.
        DatabaseUnreachable: there is no such PostgreSQL database.
        ProgramMissing: PostgreSQL's `pg_restore` is not installed.
        SettingRefused: the key is missing, or none.
    """
    _refuse_missing(source)
    with _told_of(source):
        address = parse_url(url)
        if not encryption.is_encrypted(source):
            return await _put_back(url, source, source)
        with _draft_of(_near(address, source)) as plain:
            await asyncio.to_thread(encryption.decrypt, source, plain, identity)
            return await _put_back(url, plain, source)


async def _write(address: URL, draft: Path, target: Path) -> None:
    """The backup as it is, into an empty file; `target` is what errors name."""
    if address.get_backend_name() == "postgresql":
        await pg_dump.dump(address, draft, target)
    else:
        path = Path(address.database or "")
        _refuse_same(path, target)
        await asyncio.to_thread(sqlite_copy.copy, path, draft)


async def _put_back(url: str, plain: Path, source: Path) -> Path | None:
    if parse_url(url).get_backend_name() == "postgresql":
        await _restore_server(url, plain, source)
        return None
    return await _restore_file(url, plain, source)


async def _restore_file(url: str, plain: Path, source: Path) -> Path | None:
    address = parse_url(url)
    path = Path(address.database or "")
    _refuse_same(path, source)
    with held_alone(path), _draft_of(path) as draft:
        await asyncio.to_thread(sqlite_copy.copy, plain, draft)
        async with Database(address.set(database=str(draft)).render_as_string()) as database:
            _refuse_foreign(await migrate.current(database), source)
            await migrate.upgrade(database)
        return await asyncio.to_thread(sqlite_copy.exchange, path, draft)


async def _restore_server(url: str, plain: Path, source: Path) -> None:
    """Replace the tables of a PostgreSQL database in one transaction. Its data of before is gone."""
    revision = await pg_dump.revision_in(plain)
    _refuse_foreign(revision, source)
    async with Database(url) as database:
        standing = await migrate.current(database)
        if standing not in ("", revision):  # tables that the backup does not know would be left standing
            fix = "restore it into an empty database and set [storage] url to that"
            raise BackupRefused(str(source), f"its schema is {revision}, the database's is {standing}; {fix}")
        if await pg_dump.is_shared(database):
            raise DatabaseBusy(database.shown_url)
        await pg_dump.load(database.url, plain)
        await migrate.upgrade(database)


def _refuse_foreign(revision: str, source: Path) -> None:
    if not revision:
        raise BackupRefused(str(source), "it is no backup of aivax-bots")
    if not migrate.knows(revision):
        reason = f"a newer aivax-bots wrote it (revision {revision}); install that version"
        raise BackupRefused(str(source), reason)


def _refuse_overwriting(target: Path, *, allowed: bool) -> None:
    if target.is_dir():
        raise BackupRefused(str(target), "that is a folder; name a file in it")
    if target.exists() and not allowed:
        raise BackupRefused(str(target), "it exists already; --force replaces it")


def _refuse_missing(source: Path) -> None:
    if not source.is_file():
        raise BackupRefused(str(source), "there is no such file")


def _refuse_same(path: Path, backup: Path) -> None:
    own = {Path(f"{path.resolve()}{suffix}") for suffix in ("", ".lock", *sqlite_copy.BESIDE)}
    if backup.resolve() in own:
        raise BackupRefused(str(backup), "that is the database itself")


def _near(address: URL, backup: Path) -> Path:
    """Where a backup may lie for a moment as it is: beside the SQLite file that holds the same, else in `$TMPDIR`.

    Never in the backup's own folder, which may be a share or a stick.
    """
    folder = Path(address.database or "").absolute().parent
    if address.get_backend_name() == "postgresql" or not folder.is_dir():
        folder = Path(tempfile.gettempdir())
    return folder / backup.name


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Name the backup in what the system or SQLite has to say."""
    try:
        yield
    except sqlite3.Error as exc:
        raise BackupRefused(str(path), f"SQLite says: {exc}") from exc
    except OSError as exc:
        raise BackupRefused(str(path), f"{exc.strerror or type(exc).__name__} ({exc.filename})") from exc


@contextmanager
def _draft_of(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, only its owner's, that is gone at the end unless it was renamed."""
    if not path.parent.is_dir():
        raise BackupRefused(str(path), "its folder does not exist")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=".partial")
    os.fchmod(handle, FILE_MODE)  # whatever the umask
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for suffix in ("", *sqlite_copy.BESIDE):
            Path(f"{name}{suffix}").unlink(missing_ok=True)
