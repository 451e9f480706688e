"""The SQLite file as a file: one process on it by whatever path, whose it is, and what a bot does that loses it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from sqlalchemy import text

from core.domain import DatabaseBusy, DatabaseGone
from core.storage.db import Database, held_alone, migrate, warn_of_readers
from core.storage.ops.backup import back_up
from sandbox.server import serve
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.samples import said
from tests.stage import staged
from tests.town import Town, running
from tests.waiting import soon, waiting_for


@pytest.fixture
def bot_file(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A migrated SQLite file in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    return Path(shutil.copy(migrated_sqlite, folder / "bot.sqlite3"))


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Nothing is taken away from the modes that files are made with."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with FakeSlack() as slack, FakeDiscord() as discord, serve(plan="max") as sandbox:
        yield Town(slack, discord, sandbox, f"sqlite+aiosqlite:///{tmp_path / 'data' / 'bot.sqlite3'}")


# One process on one file


def symlink(path: Path) -> Path:
    link = path.parent.parent / "link.sqlite3"
    link.symlink_to(path)
    return link


def symlink_to_folder(path: Path) -> Path:
    link = path.parent.parent / "link"
    link.symlink_to(path.parent, target_is_directory=True)
    return link / path.name


def hard_link(path: Path) -> Path:
    link = path.parent.parent / "hard.sqlite3"
    link.hardlink_to(path)
    return link


def dotted(path: Path) -> Path:
    return path.parent / ".." / path.parent.name / path.name


@pytest.mark.parametrize("other", [symlink, symlink_to_folder, hard_link, dotted])
def test_a_file_is_held_once_by_whatever_path_it_is_reached(
    bot_file: Path, other: Callable[[Path], Path]
) -> None:
    path = other(bot_file)

    with held_alone(bot_file), pytest.raises(DatabaseBusy), held_alone(path):
        pass
    with held_alone(path):
        pass


def test_a_file_stays_held_when_its_lock_is_removed(bot_file: Path) -> None:
    with held_alone(bot_file):
        Path(f"{bot_file}.lock").unlink()

        with pytest.raises(DatabaseBusy), held_alone(bot_file):
            pass

    with held_alone(bot_file):
        pass


async def test_holding_a_file_takes_none_of_sqlites_own_locks_away(bot_file: Path) -> None:
    url = f"sqlite+aiosqlite:///{bot_file}"
    async with Database(url) as first, Database(url) as second:
        with held_alone(bot_file):
            async with first.write() as connection:
                await connection.execute(text("DELETE FROM events"))
                with pytest.raises(DatabaseBusy), held_alone(bot_file):
                    pass
                assert not await second.empty_log()

            assert await second.empty_log()


async def test_a_second_run_on_a_linked_file_is_refused(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    link = folder / "link.sqlite3"
    async with running(tmp_path, town.config()) as bot:
        await bot.line()
        link.symlink_to(tmp_path / "data" / "bot.sqlite3")

        async with running(folder, town.config(storage=f"sqlite+aiosqlite:///{link}")) as second:
            assert await soon("the end of the second process", second.process.wait()) == 75
            await second.stop()

    assert any("is in use by another `aivax-bots run`" in line for line in second.log)


# A file that is gone


def delete(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.sqlite3"))


def replace_by_a_copy(path: Path) -> None:
    copy = Path(shutil.copy(path, path.with_name("copy.sqlite3")))
    copy.replace(path)


@pytest.mark.parametrize("lose", [delete, move, replace_by_a_copy])
async def test_nothing_is_taken_in_on_a_file_that_nobody_would_find_again(
    bot_file: Path, lose: Callable[[Path], None]
) -> None:
    async with staged(f"sqlite+aiosqlite:///{bot_file}") as stage:
        await stage.hear(said("before"))

        lose(bot_file)

        with pytest.raises(DatabaseGone):
            await stage.core.intake.receive(said("after"))
        assert isinstance(stage.core.database.problem, DatabaseGone)
        assert bot_file.exists() == (lose is replace_by_a_copy)


async def test_what_was_written_while_the_file_went_away_is_not_acknowledged(bot_file: Path) -> None:
    async def write_and_lose(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("DELETE FROM events"))
            bot_file.unlink()

    async with Database(f"sqlite+aiosqlite:///{bot_file}") as database:
        with pytest.raises(DatabaseGone):
            await write_and_lose(database)


async def test_a_bot_that_lost_its_file_says_so_refuses_and_ends_with_a_failure(
    town: Town, tmp_path: Path, unused_tcp_port: int
) -> None:
    web = f'\n[web]\nenabled = true\nport = {unused_tcp_port}\nadmin_token = "operator"\n'
    async with running(tmp_path, town.config(discord_token="") + web) as bot:
        await bot.line()
        await town.ask_on_slack("before")

        (tmp_path / "data" / "bot.sqlite3").unlink()

        async with (
            httpx.AsyncClient() as client,
            waiting_for("health to tell it"),
        ):
            url = f"http://127.0.0.1:{unused_tcp_port}/health/ready"
            health = await client.get(url, headers={"Authorization": "Bearer operator"})
        assert health.status_code == 503
        assert "deleted, moved or replaced" in health.json()["down"]["database"]
        assert await bot.stop(signal.SIGTERM) == 1
    assert len([line for line in bot.log if "database.gone" in line and "error" in line]) == 1


# Whose the files are


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("no_umask")
async def test_what_the_bot_makes_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "data" / "bot.sqlite3"
    with held_alone(path):
        async with Database(f"sqlite+aiosqlite:///{path}") as database:
            await migrate.upgrade(database)
            await back_up(f"sqlite+aiosqlite:///{path}", path.with_name("saved"))

            made = {each.name: mode(each) for each in path.parent.iterdir()}

    assert mode(path.parent) == 0o700
    assert {"bot.sqlite3", "bot.sqlite3-wal", "bot.sqlite3.lock", "saved"} <= set(made)
    assert set(made.values()) == {0o600}


def test_files_that_others_may_read_are_named_with_what_mends_it(tmp_path: Path) -> None:
    config, database, missing = (tmp_path / name for name in ("config.toml", "bot.sqlite3", "none"))
    for path, given in ((config, 0o644), (database, 0o640)):
        path.touch()
        path.chmod(given)
    with structlog.testing.capture_logs() as logged:
        warn_of_readers(config, database)
        warn_of_readers(missing, None)
        config.chmod(0o600)
        warn_of_readers(config, None)

    assert [line["fix"] for line in logged] == [f"chmod 600 {config}", f"chmod 600 {database}"]
