"""Backups of PostgreSQL, by the programs that come with it: `pg_dump` and `pg_restore`."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from sqlalchemy import URL, text

from core.domain import BackupRefused, ProgramMissing
from core.storage.db import Database

LEAVING_S = (0.05, 0.2, 0.75, 1.0)
"""The pauses that somebody who hung up is given to be gone."""
SECRET_OPTIONS = ("password", "sslpassword")


async def dump(url: URL, draft: Path, target: Path) -> None:
    """Write the whole database, as it is at one instant, into `draft` in `pg_dump`'s custom format."""
    arguments = ["--format=custom", "--no-password", f"--file={draft}", f"--dbname={_shown(url)}"]
    await _run("pg_dump", *arguments, password=_password(url), backup=target)


async def load(url: URL, source: Path) -> None:
    """Replace the database's tables by the dumped ones, all or none."""
    how = ["--clean", "--if-exists", "--single-transaction", "--no-owner", "--no-privileges"]
    arguments = [*how, "--no-password", f"--dbname={_shown(url)}", _argument(source)]
    await _run("pg_restore", *arguments, password=_password(url), backup=source)


async def revision_in(source: Path) -> str:
    """The revision of the schema in a dump; `""` when it has none, and so is not of this bot."""
    arguments = ["--data-only", "--table=alembic_version", "--file=-", _argument(source)]
    lines = iter((await _run("pg_restore", *arguments, password="", backup=source)).splitlines())
    is_there = any(line.startswith("COPY ") for line in lines)
    revision = next(lines, "").strip() if is_there else ""
    return revision if revision.isalnum() else ""


async def is_shared(database: Database) -> bool:
    """Whether anybody else is connected. One who has just hung up stays listed until the server has noticed."""
    for pause_s in LEAVING_S:
        if not await _others_on(database):
            return False
        await asyncio.sleep(pause_s)
    return await _others_on(database) > 0


async def _others_on(database: Database) -> int:
    """How many connections to the database there are besides ours."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    async with database.read() as connection:
        return int((await connection.execute(others)).scalar_one())


def _argument(path: Path) -> str:
    return str(path.absolute())  # a name that begins with `-` is no option then


def _shown(url: URL) -> str:
    """The address as every process of the machine may see it in the list of processes."""
    query = {name: value for name, value in url.query.items() if name not in SECRET_OPTIONS}
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    return bare.render_as_string(hide_password=False)


def _password(url: URL) -> str:
    return str(url.password or url.query.get("password", ""))


async def _run(program: str, *arguments: str, password: str, backup: Path) -> str:
    """What the program printed. Raises `ProgramMissing`, or `BackupRefused` with its own words."""
    found = shutil.which(program)
    if found is None:
        raise ProgramMissing(program)
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    process = await asyncio.create_subprocess_exec(
        found, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment
    )
    try:
        printed, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BackupRefused(str(backup), _reason(complaints.decode(errors="replace"), program))
    return printed.decode(errors="replace")


def _reason(complaints: str, program: str) -> str:
    lines = [line.strip() for line in complaints.splitlines() if line.strip()]
    return next((line for line in lines if "error:" in line), lines[-1] if lines else f"{program} failed")
