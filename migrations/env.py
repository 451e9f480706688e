"""Alembic's way in: on the connection that the program hands over, or, for developers, on one of its own."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator

from core.storage.db import Database
from core.storage.db.tables import written_for
from core.storage.personal_data import registry

_ = registry.STORES  # with it come the tables that stand in modules of their own


def plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write a column's type as the database knows it: a migration does not depend on the code of its day."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=written_for(connection.dialect.name),
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain,
        include_object=lambda _object, name, _kind, _reflected, _compare: (
            not (name or "").startswith("procrastinate")
        ),
    )
    context.run_migrations()


async def run_alone() -> None:
    async with Database(os.environ["AIVAX_BOTS__STORAGE__URL"]) as database, database.write() as connection:
        await connection.run_sync(run_on)


given = context.config.attributes.get("connection")
if given is not None:
    run_on(given)
else:
    asyncio.run(run_alone())
