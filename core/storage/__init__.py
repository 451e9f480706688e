"""Where the core's state lives: one engine, one set of tables, one repository for each port."""

from core.util.imports import put_off

put_off("sqlalchemy.ext.asyncio", "session", "scoping")  # the ORM, which is not used here: 8 MiB
