"""A PostgreSQL of the benchmark's own, from Debian's programs, with `pg_stat_statements`; and a PgBouncer before it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

USER = "postgres"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not found:
        raise SystemExit("needs PostgreSQL's server programs below /usr/lib/postgresql")
    return found[-1].parent


class Server:
    """Listens on the loopback alone; restarted on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = _programs()
        self.port = _free_port()
        self._as_user = [] if os.getuid() else ["runuser", "-u", USER, "--"]

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        if not (self._folder / "data").exists():
            if not os.getuid():
                shutil.chown(self._folder, USER)
            self._run("initdb", "-D", str(self._folder / "data"), "-U", USER, "-A", "trust", "--no-sync")
        options = (
            f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c shared_preload_libraries=pg_stat_statements"
            " -c max_connections=300 -c autovacuum=off -c pg_stat_statements.track_utility=on"
        )
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "fast", "-w", "stop")

    def create(self, name: str) -> str:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        return self.url(name)

    @contextlib.contextmanager
    def bouncer(self) -> Iterator[int]:
        """A PgBouncer in transaction mode; its port."""
        port, file = _free_port(), self._folder / "pgbouncer.ini"
        file.write_text(
            f"[databases]\n* = host=127.0.0.1 port={self.port} user={USER}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 20\nmax_client_conn = 300\n"
            "ignore_startup_parameters = extra_float_digits,options\n"
        )
        if not os.getuid():
            shutil.chown(file, USER)
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or "pgbouncer"
        account = {} if os.getuid() else {"user": USER, "group": USER}
        process = subprocess.Popen([program, "-q", str(file)], stderr=subprocess.DEVNULL, **account)
        try:
            time.sleep(1)
            yield port
        finally:
            process.kill()
            process.wait(10)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="engines-") as folder:
        server = Server(Path(folder))
        if not os.getuid():
            pwd.getpwnam(USER)
        server.start()
        try:
            yield server
        finally:
            server.stop()
