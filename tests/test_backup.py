"""Backup and restore on both databases: beside a running bot, whole or not at all, and never over what is in use."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.domain import BackupRefused, DatabaseBusy, DatabaseUnreachable, ProgramMissing, SettingRefused
from core.storage.db import Database, migrate
from core.storage.ops.backup import back_up, restore
from sandbox.server import serve
from tests.backups import change, event, rows, told
from tests.samples import BEN, said
from tests.stage import FakePlatform, Stage, staged
from tests.waiting import ended

PROMISE = "my name is Ana"

pytestmark = pytest.mark.usefixtures("postgres_programs")


@pytest.fixture
def sqlite_bot(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Path(shutil.copy(migrated_sqlite, folder / "bot.sqlite3"))


def at(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def mark(path: Path, key: str) -> None:
    """Write something that can be found again."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(event(key))


def marks(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        return {key for (key,) in database.execute("SELECT key FROM events")}


def configured(folder: Path, url: str) -> Path:
    path = folder / "config.toml"
    path.write_text(f'[storage]\nurl = "{url}"\n', encoding="utf-8")
    return path


# The way there and back


async def test_a_backup_taken_under_load_restores_to_a_bot_that_answers_and_remembers(
    migrated_url: str, elsewhere: str, backup: Path
) -> None:
    config = configured(backup.parent, migrated_url)
    async with serve(plan="max") as sandbox:
        async with staged(migrated_url, sandbox=sandbox) as stage:
            await stage.hear(said(PROMISE))
            busy = asyncio.create_task(_keep_talking(stage))
            command = [sys.executable, "-m", "bots", "db", "backup", str(backup), "--config", str(config)]
            program = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
            printed, complaints = await program.communicate()
            assert (program.returncode, complaints.decode()) == (0, "")
            assert printed.decode() == f"wrote {backup}\n"
            busy.cancel()
            await ended(busy)
            await stage.rest()
            said_in_all = len(await stage.states())

        await restore(elsewhere, backup)
        await change(elsewhere, "UPDATE turns SET lease_until = '2020-01-01'")  # the backup is an old one

        async with staged(elsewhere, sandbox=sandbox, platform=FakePlatform()) as stage:
            await stage.rest()
            assert 1 <= len(await stage.states()) <= said_in_all
            await stage.hear(said("what is my name?"))

            assert set(await stage.states()) == {"answered"}
            asked = [message["content"] for message in stage.asked[-1]["messages"]]
            assert asked[0] == PROMISE
            assert asked[-1] == "what is my name?"
            assert "what is my name?" in stage.platform.visible("D-ana")[-1]


async def _keep_talking(stage: Stage) -> None:
    while True:  # no deadline: until it is cancelled
        await asyncio.gather(*(stage.hear(said(f"question {number}", by=BEN)) for number in range(5)))


async def test_a_backup_is_one_file_that_only_its_owner_reads(migrated_url: str, backup: Path) -> None:
    await back_up(migrated_url, backup)

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert list(backup.parent.iterdir()) == [backup]


async def test_a_backup_holds_what_was_written_and_nothing_later(
    migrated_url: str, elsewhere: str, backup: Path
) -> None:
    await change(migrated_url, event("before"))
    await back_up(migrated_url, backup)
    await change(migrated_url, event("after"))

    assert await restore(elsewhere, backup) is None

    assert await rows(elsewhere, "SELECT key FROM events") == ["before"]
    assert await rows(elsewhere, "SELECT version_num FROM alembic_version") == [migrate.head()]


async def test_a_restore_over_a_database_with_other_data_leaves_only_the_backup(
    migrated_url: str, backup: Path
) -> None:
    await back_up(migrated_url, backup)
    await change(migrated_url, event("after"))

    await restore(migrated_url, backup)

    assert await rows(migrated_url, "SELECT key FROM events") == []


# Taking one


async def test_an_existing_file_is_replaced_only_when_told_so(migrated_url: str, backup: Path) -> None:
    backup.write_text("precious")

    with pytest.raises(BackupRefused, match=r"exists already; --force"):
        await back_up(migrated_url, backup)
    assert backup.read_text() == "precious"
    await back_up(migrated_url, backup, overwrite=True)

    assert b"precious" not in backup.read_bytes()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
async def test_the_database_is_never_overwritten_by_its_own_backup(sqlite_bot: Path, suffix: str) -> None:
    with pytest.raises(BackupRefused, match="the database itself"):
        await back_up(at(sqlite_bot), Path(f"{sqlite_bot}{suffix}"), overwrite=True)

    assert marks(sqlite_bot) == set()


async def test_a_folder_is_no_place_for_a_backup_and_must_exist(sqlite_bot: Path, backup: Path) -> None:
    with pytest.raises(BackupRefused, match="that is a folder"):
        await back_up(at(sqlite_bot), backup.parent, overwrite=True)
    with pytest.raises(BackupRefused, match="its folder does not exist"):
        await back_up(at(sqlite_bot), backup.parent / "missing" / "bot.backup")


async def test_a_database_that_is_not_there_is_not_made_by_backing_it_up(
    tmp_path: Path, backup: Path
) -> None:
    with pytest.raises(DatabaseUnreachable, match="no such file"):
        await back_up(at(tmp_path / "nowhere" / "bot.sqlite3"), backup)

    assert not (tmp_path / "nowhere").exists()
    assert not list(backup.parent.iterdir())


async def test_a_damaged_database_gives_no_backup(sqlite_bot: Path, backup: Path) -> None:
    damage(sqlite_bot)

    with pytest.raises(BackupRefused, match="SQLite says"):
        await back_up(at(sqlite_bot), backup)

    assert not list(backup.parent.iterdir())


def damage(path: Path) -> None:
    """Overwrite everything but the first page, as a bad disk might."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (path.stat().st_size - 4096))


async def test_no_room_left_leaves_no_half_backup(sqlite_bot: Path, backup: Path) -> None:
    """A limit on the size of files stands for a full disk."""
    config = configured(sqlite_bot.parent, at(sqlite_bot))
    words = 'ulimit -f 16; exec "$0" -m bots db backup "$1" --config "$2"'
    program = await asyncio.create_subprocess_exec(
        "bash", "-c", words, sys.executable, str(backup), str(config), stdout=-1, stderr=-1
    )
    _, complaints = await program.communicate()

    assert program.returncode == 2
    assert complaints.decode().startswith(f"aivax-bots: {backup}: ")
    assert not list(backup.parent.iterdir())


# Putting one back


async def test_nothing_is_restored_over_a_bot_that_runs(migrated_url: str, backup: Path) -> None:
    await back_up(migrated_url, backup)

    async with staged(migrated_url) as stage:
        await stage.hear(said(PROMISE))
        with pytest.raises(DatabaseBusy):
            await restore(migrated_url, backup)
        await stage.hear(said("still there?"))

        assert await stage.states() == ["answered", "answered"]


async def test_nothing_is_restored_over_a_file_that_another_program_has_open(
    sqlite_bot: Path, backup: Path
) -> None:
    await back_up(at(sqlite_bot), backup)
    with closing(sqlite3.connect(sqlite_bot)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT * FROM events")

        with pytest.raises(DatabaseBusy):
            await restore(at(sqlite_bot), backup)

    assert not list(sqlite_bot.parent.glob("*.before-restore*"))


async def test_each_replaced_file_is_kept_whole(sqlite_bot: Path, backup: Path) -> None:
    await back_up(at(sqlite_bot), backup)
    mark(sqlite_bot, "first")
    first = await restore(at(sqlite_bot), backup)
    mark(sqlite_bot, "second")
    second = await restore(at(sqlite_bot), backup)

    assert first == Path(f"{sqlite_bot}.before-restore")
    assert second == Path(f"{sqlite_bot}.before-restore.2")
    assert [marks(path) for path in (first, second, sqlite_bot)] == [{"first"}, {"second"}, set()]


async def test_the_log_of_a_bot_that_was_killed_goes_with_the_old_file(
    sqlite_bot: Path, backup: Path, tmp_path: Path
) -> None:
    await back_up(at(sqlite_bot), backup)
    killed = tmp_path / "killed.sqlite3"
    with closing(sqlite3.connect(sqlite_bot)) as running:
        running.execute("PRAGMA journal_mode=WAL")
        with running:
            running.execute(event("last words"))
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(f"{sqlite_bot}{suffix}", f"{killed}{suffix}")

    kept = await restore(at(killed), backup)

    assert kept is not None
    assert not Path(f"{killed}-wal").exists()
    assert marks(killed) == set()
    assert marks(kept) == {"last words"}


async def test_a_damaged_database_is_replaced_and_kept_as_it_is(sqlite_bot: Path, backup: Path) -> None:
    mark(sqlite_bot, "saved")
    await back_up(at(sqlite_bot), backup)
    sqlite_bot.write_bytes(b"not a database any more")
    Path(f"{sqlite_bot}-wal").write_bytes(b"nor a log")

    kept = await restore(at(sqlite_bot), backup)

    assert kept is not None
    assert marks(sqlite_bot) == {"saved"}
    assert kept.read_bytes() == b"not a database any more"
    assert Path(f"{kept}-wal").read_bytes() == b"nor a log"


async def test_what_a_restore_leaves_is_its_owners_alone_whatever_stood_there_before(
    sqlite_bot: Path, backup: Path, tmp_path: Path
) -> None:
    sqlite_bot.chmod(0o644)
    await back_up(at(sqlite_bot), backup)
    kept = await restore(at(sqlite_bot), backup)
    assert kept is not None
    fresh = tmp_path / "fresh" / "bot.sqlite3"
    await restore(at(fresh), backup)

    assert [stat.S_IMODE(path.stat().st_mode) for path in (sqlite_bot, kept, fresh)] == [0o600] * 3
    assert sorted(path.name for path in fresh.parent.iterdir()) == ["bot.sqlite3", "bot.sqlite3.lock"]


async def test_what_is_no_backup_is_refused_and_the_database_stays(migrated_url: str, backup: Path) -> None:
    backup.write_text("dear diary")
    with pytest.raises(BackupRefused, match=r"not a database|valid archive"):
        await restore(migrated_url, backup)
    with pytest.raises(BackupRefused, match="no such file"):
        await restore(migrated_url, backup.with_name("missing"))

    assert await rows(migrated_url, "SELECT version_num FROM alembic_version") == [migrate.head()]


async def test_half_a_backup_is_refused_and_the_database_stays(migrated_url: str, backup: Path) -> None:
    await back_up(migrated_url, backup)
    await change(migrated_url, event("after"))
    os.truncate(backup, backup.stat().st_size // 2)

    with pytest.raises(BackupRefused):
        await restore(migrated_url, backup)

    assert await rows(migrated_url, "SELECT key FROM events") == ["after"]


async def test_a_backup_of_something_else_is_refused(migrated_url: str, elsewhere: str, backup: Path) -> None:
    await change(elsewhere, "CREATE TABLE recipes (name TEXT)")
    await back_up(elsewhere, backup)

    with pytest.raises(BackupRefused, match="no backup of aivax-bots"):
        await restore(migrated_url, backup)

    assert await rows(migrated_url, "SELECT version_num FROM alembic_version") == [migrate.head()]


async def test_the_backup_of_a_newer_version_is_refused_before_anything_is_replaced(
    migrated_url: str, backup: Path
) -> None:
    await change(migrated_url, "UPDATE alembic_version SET version_num = '9999'")
    await back_up(migrated_url, backup)
    await change(migrated_url, "UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(BackupRefused, match=r"newer aivax-bots wrote it .*9999"):
        await restore(migrated_url, backup)

    assert await rows(migrated_url, "SELECT version_num FROM alembic_version") == ["0001"]


# PostgreSQL's programs


async def test_a_dump_goes_only_into_an_empty_database_or_one_of_its_own_schema(
    postgres_url: str, backup: Path
) -> None:
    async with Database(postgres_url) as database:
        await migrate.upgrade(database)
    await back_up(postgres_url, backup)
    await change(postgres_url, "UPDATE alembic_version SET version_num = '0000'")

    with pytest.raises(BackupRefused, match="into an empty database"):
        await restore(postgres_url, backup)


async def test_a_server_that_does_not_answer_is_told_in_its_programs_words(
    postgres_server: str, backup: Path
) -> None:
    with pytest.raises(BackupRefused, match="refused") as refused:
        await back_up("postgresql://bot:hunter2@127.0.0.1:1/bots", backup)

    assert "hunter2" not in str(refused.value)
    assert not list(backup.parent.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bot:hunter2@db.example/bots?sslmode=require",
        "postgresql+psycopg://bot@db.example/bots?password=hunter2&sslmode=require",
    ],
)
async def test_the_password_reaches_pg_dump_where_no_list_of_processes_shows_it(
    url: str, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy(tmp_path / "bin", "pg_dump", monkeypatch)

    await back_up(url, backup)

    arguments, password = (tmp_path / "bin" / "seen").read_text().splitlines()
    assert password == "hunter2"
    assert "hunter2" not in arguments
    assert "--dbname=postgresql://bot@db.example/bots?sslmode=require" in arguments
    assert "--no-password" in arguments


def spy(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program on PATH that writes down what it was given."""
    folder.mkdir()
    script = folder / name
    script.write_text(f'#!/bin/sh\n{{ echo "$*"; echo "$PGPASSWORD"; }} > {folder / "seen"}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


async def test_without_the_programs_of_postgresql_nothing_is_tried(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(backup.parent))
    url = "postgresql://bot:hunter2@127.0.0.1:1/bots"

    with pytest.raises(ProgramMissing, match="pg_dump"):
        await back_up(url, backup)
    backup.write_text("a dump")
    with pytest.raises(ProgramMissing, match="pg_restore"):
        await restore(url, backup)


async def test_an_address_that_is_no_database_is_refused_by_its_setting(backup: Path) -> None:
    with pytest.raises(SettingRefused, match=r"\[storage\] url"):
        await back_up("mysql://host/db", backup)


# The commands


def test_the_commands_say_what_they_did(sqlite_bot: Path, backup: Path) -> None:
    config = configured(sqlite_bot.parent, at(sqlite_bot))

    written = told("db", "backup", backup, "--config", config)
    again = told("db", "backup", backup, "--config", config)
    forced = told("db", "backup", backup, "--force", "--config", config)
    restored = told("db", "restore", backup, "--config", config)

    assert (written.exit_code, written.stdout) == (0, f"wrote {backup}\n")
    assert (again.exit_code, again.stderr) == (
        2,
        f"aivax-bots: {backup}: it exists already; --force replaces it\n",
    )
    assert forced.exit_code == 0
    assert restored.stdout == (
        f"restored {backup}; the database of before is kept as {sqlite_bot}.before-restore\n"
    )


def test_a_missing_program_is_told_with_what_to_install(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(backup.parent))
    config = configured(backup.parent, "postgresql://bot:hunter2@127.0.0.1:1/bots")

    refused = told("db", "backup", backup, "--config", config)

    assert refused.exit_code == 2
    assert "pg_dump is not on PATH" in refused.stderr
    assert "apt install postgresql-client" in refused.stderr
    assert "hunter2" not in refused.output
