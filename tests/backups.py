"""What tests of backups do with a database beside the bot, and how they run a command."""

from __future__ import annotations

from sqlalchemy import text
from typer.testing import CliRunner, Result

from bots.cli.main import cli
from core.storage.db import Database


def event(key: str) -> str:
    return f"INSERT INTO events (key, received_at) VALUES ('{key}', '2026-09-01 00:00:00')"  # noqa: S608


async def rows(url: str, query: str) -> list[object]:
    async with Database(url) as database, database.read() as connection:
        return list((await connection.execute(text(query))).scalars())


async def change(url: str, statement: str) -> None:
    async with Database(url) as database, database.write() as connection:
        await connection.execute(text(statement))


def told(*arguments: object) -> Result:
    """Run a command as an operator does."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])
