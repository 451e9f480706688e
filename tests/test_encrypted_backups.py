"""Backups that only the holder of a key can open, how many of them stay, and whether they can be restored at all."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from core.domain import BackupRefused, SettingRefused
from core.storage.ops import encryption
from core.storage.ops.backup import back_up, restore
from core.storage.ops.drill import drill
from core.storage.ops.rotation import Kept, backups_in, name_at, superseded
from tests.backups import change, event, rows, told

pytestmark = pytest.mark.usefixtures("postgres_programs")

SECRET = "what Ana wrote in confidence"
SUNDAY = datetime(2026, 11, 29, 3, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A secret key, as the command makes one."""
    path = tmp_path / "backup.key"
    made = told("db", "key", path)
    assert made.exit_code == 0, made.output
    return path


def public(key: Path) -> str:
    return key.read_text(encoding="ascii").splitlines()[0].removeprefix("# public key: ")


def configured(folder: Path, url: str, key: Path, **settings: object) -> Path:
    """A configuration with encrypted backups, whose key is at hand."""
    path = folder / "config.toml"
    secret = key.read_text(encoding="ascii").splitlines()[-1]
    more = "".join(f"{name} = {value}\n" for name, value in settings.items())
    path.write_text(
        f'[storage]\nurl = "{url}"\n[backup]\nfolder = "{folder}"\n'
        f'recipients = ["{public(key)}"]\nidentity = "{secret}"\n{more}'
    )
    return path


# Encrypted


async def test_an_encrypted_backup_restores_and_shows_nothing_of_what_was_said(
    migrated_url: str, elsewhere: str, backup: Path, key: Path
) -> None:
    await change(migrated_url, event(SECRET))

    await back_up(migrated_url, backup, recipients=[public(key)])

    assert SECRET.encode() not in backup.read_bytes()
    assert backup.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert backup.stat().st_mode & 0o777 == 0o600
    assert list(backup.parent.iterdir()) == [backup]
    await restore(elsewhere, backup, identity=key.read_text())
    assert await rows(elsewhere, "SELECT key FROM events") == [SECRET]
    left = [
        each.name for each in (*backup.parent.parent.rglob("*.partial"), *backup.parent.parent.rglob(".bot*"))
    ]
    assert left == []


@pytest.mark.may_skip("age itself is not installed")
def test_it_is_opened_by_age_without_this_program(
    sqlite_url: str, migrated_sqlite: Path, backup: Path, key: Path
) -> None:
    if (age := shutil.which("age")) is None:
        pytest.skip("age is not installed")
    database = Path(shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///")))
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute(event(SECRET))
    asyncio.run(back_up(sqlite_url, backup, recipients=[public(key)]))

    by_age = subprocess.run([age, "-d", "-i", key, backup], check=True, capture_output=True).stdout

    (plain := backup.with_name("plain")).write_bytes(by_age)
    with closing(sqlite3.connect(plain)) as opened:
        assert opened.execute("SELECT key FROM events").fetchall() == [(SECRET,)]


@pytest.mark.parametrize("wrong", ["one byte", "the end", "all but the head", "another key", "no key"])
async def test_what_is_damaged_or_for_another_key_is_not_restored(
    sqlite_url: str, migrated_sqlite: Path, backup: Path, key: Path, wrong: str
) -> None:
    shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///"))
    await back_up(sqlite_url, backup, recipients=[public(key)])
    await change(sqlite_url, event("since"))
    identity, sealed = key.read_text(), backup.read_bytes()
    match wrong:
        case "one byte":
            middle = len(sealed) // 2
            backup.write_bytes(sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :])
        case "the end":  # whole chunks, as a copy that was broken off may leave
            backup.write_bytes(sealed[: len(sealed) // 65_552 * 65_552])
        case "all but the head":
            backup.write_bytes(sealed[:40])
        case "another key":
            encryption.make_identity(backup.with_name("other.key"))
            identity = backup.with_name("other.key").read_text()
        case _:
            identity = ""

    with pytest.raises(SettingRefused if wrong == "no key" else BackupRefused) as refused:
        await restore(sqlite_url, backup, identity=identity)

    assert "[backup] identity" in str(refused.value) or str(backup) in str(refused.value)
    assert await rows(sqlite_url, "SELECT key FROM events") == ["since"]


def test_a_public_key_that_was_cut_off_is_refused_before_anything_is_written(
    sqlite_url: str, migrated_sqlite: Path, tmp_path: Path, key: Path
) -> None:
    shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///"))
    config = configured(tmp_path, sqlite_url, key)
    config.write_text(config.read_text().replace(public(key), public(key)[:-2]))

    refused = told("db", "backup", "--config", config)

    assert refused.exit_code == 2
    assert "[backup] recipients" in refused.stderr
    assert backups_in(tmp_path) == []


def test_a_key_is_its_owners_alone_and_never_replaced(key: Path) -> None:
    before = key.read_text()

    again = told("db", "key", key)

    assert again.exit_code == 2
    assert key.read_text() == before
    assert key.stat().st_mode & 0o777 == 0o600


# Which stay


def test_a_year_of_daily_backups_leaves_the_newest_and_one_of_each_week() -> None:
    folder: list[Kept] = []
    for day in range(365):
        at = SUNDAY - timedelta(days=364 - day)
        folder.append(Kept(at, Path(name_at(at, encrypted=True))))
        gone = superseded(folder, keep=7, keep_weeks=5)
        folder = [each for each in folder if each not in gone]

    days = sorted((SUNDAY - each.taken_at).days for each in folder)
    assert days == [0, 1, 2, 3, 4, 5, 6, 7, 14, 21, 28]  # the Sundays of before are the last of their weeks


def test_backups_without_a_path_go_into_the_folder_and_the_oldest_of_them_leave_it(
    sqlite_url: str, migrated_sqlite: Path, tmp_path: Path, key: Path
) -> None:
    shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///"))
    config = configured(tmp_path, sqlite_url, key, keep_weeks=0)
    old = [tmp_path / name_at(SUNDAY - timedelta(days=day), encrypted=day > 1) for day in range(3)]
    foreign = tmp_path / "aivax-bots-before-the-move.backup"
    for each in (*old, foreign):
        each.write_text("older")

    written = told("db", "backup", "--config", config, "--keep", 2)

    assert written.exit_code == 0, written.stderr
    (new,) = [each.path for each in backups_in(tmp_path) if each.path not in old]
    assert written.stdout == f"wrote {new} (encrypted)\ndeleted {old[1]}\ndeleted {old[2]}\n"
    assert [each.path for each in backups_in(tmp_path)] == [new, old[0]]
    assert foreign.read_text() == "older"


def test_a_backup_that_fails_deletes_none_of_before(tmp_path: Path, key: Path) -> None:
    config = configured(
        tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'nowhere.sqlite3'}", key, keep=1, keep_weeks=0
    )
    for day in range(3):
        (tmp_path / name_at(SUNDAY - timedelta(days=day), encrypted=True)).write_text("older")

    failed = told("db", "backup", "--config", config)

    assert failed.exit_code == 75
    assert len(backups_in(tmp_path)) == 3


# Whether they can be restored


def test_a_drill_tells_what_the_newest_backup_holds_and_leaves_nothing_behind(
    migrated_url: str, tmp_path: Path, key: Path
) -> None:
    asyncio.run(change(migrated_url, event("kept")))
    config = configured(tmp_path, migrated_url, key)
    assert told("db", "backup", "--config", config).exit_code == 0
    asyncio.run(change(migrated_url, event("later")))
    before = {*tmp_path.rglob("*")}

    drilled = told("db", "drill", "--config", config)

    assert drilled.exit_code == 0, drilled.stderr
    assert "rows: events 1" in drilled.stdout
    assert "references: all lead somewhere" in drilled.stdout
    assert len(asyncio.run(rows(migrated_url, "SELECT key FROM events"))) == 2
    assert {*tmp_path.rglob("*")} - before == set()
    if migrated_url.startswith("postgresql"):
        with psycopg.connect(
            make_url(migrated_url).set(drivername="postgresql").render_as_string(False)
        ) as server:
            names = {name for (name,) in server.execute("SELECT datname FROM pg_database")}
        assert not [name for name in names if "drill" in name]


def test_a_drill_fails_where_the_newest_is_too_old_or_there_is_none(
    sqlite_url: str, tmp_path: Path, key: Path
) -> None:
    config = configured(tmp_path, sqlite_url, key)

    none = told("db", "drill", "--config", config)
    (tmp_path / name_at(SUNDAY - timedelta(days=9_000), encrypted=True)).write_text("older")
    old = told("db", "drill", "--config", config, "--max-age-hours", 26)

    assert (none.exit_code, old.exit_code) == (2, 2)
    assert "there is no backup in it" in none.stderr
    assert "backups are no longer taken" in old.stderr


async def test_a_drill_finds_rows_that_lead_nowhere(
    sqlite_url: str, migrated_sqlite: Path, backup: Path
) -> None:
    database = Path(shutil.copy(migrated_sqlite, sqlite_url.removeprefix("sqlite+aiosqlite:///")))
    with (
        closing(sqlite3.connect(database)) as opened,
        opened,
    ):  # SQLite looks at references only where it is told to
        opened.execute(
            'INSERT INTO identities (person_id, platform, workspace, "user", name, locale, chosen_locale, created_at)'
            " VALUES (7, 'slack', 'W', 'U', '', '', '', '2026-01-01')"
        )
    await back_up(sqlite_url, backup)

    found = await drill(sqlite_url, backup)

    assert found.dangling == {"identities.person_id": 1}
