"""PgBouncer in front of the tests' PostgreSQL, in transaction mode: each transaction may meet another session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.waiting import until

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def pooled(test: Any) -> Any:
    """Mark a test that needs PgBouncer."""
    skipped = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
    return pytest.mark.may_skip("PgBouncer may not be installed")(skipped(test))


CONFIG = """
[databases]
* = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {pool_size}
server_lifetime = 2
server_check_query = SELECT 1
server_check_delay = 0
log_connections = 0
log_disconnections = 0
"""


class PgBouncer:
    """One that can be stopped and started again at the same address."""

    def __init__(self, server_url: str, folder: Path, port: int, *, mode: str, pool_size: int) -> None:
        behind = make_url(server_url)
        self.port = port
        self._owner = Path(str(behind.query["host"])).stat()
        self._config = folder / "pgbouncer.ini"
        self._config.write_text(
            CONFIG.format(
                host=behind.query["host"], user=behind.username, port=port, mode=mode, pool_size=pool_size
            )
        )
        for path in (folder, self._config):
            os.chown(path, self._owner.st_uid, self._owner.st_gid)
        self._process: subprocess.Popen[bytes] | None = None

    def url_of(self, database_url: str) -> str:
        """The address of the same database by way of the pooler."""
        url = make_url(database_url).set(host="127.0.0.1", port=self.port, query={})
        return url.render_as_string(hide_password=False)

    def start(self) -> None:
        assert PROGRAM is not None
        account = {} if os.geteuid() else {"user": self._owner.st_uid, "group": self._owner.st_gid}
        self._process = subprocess.Popen(
            [PROGRAM, "--quiet", str(self._config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **account,
        )

    def stop(self) -> None:
        """End it at once, with every connection through it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def is_up(self) -> None:
        await until("PgBouncer", self._answers)

    def _answers(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def bouncing(
    server_url: str, port: int, *, mode: str = "transaction", pool_size: int = 2
) -> Iterator[PgBouncer]:
    """A pooler in front of a server on a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="bouncer", dir="/tmp"))
    bouncer = PgBouncer(server_url, folder, port, mode=mode, pool_size=pool_size)
    bouncer.start()
    try:
        yield bouncer
    finally:
        bouncer.stop()
        shutil.rmtree(folder, ignore_errors=True)
