"""The tests' own `tests.compiled_once`: of what one database compiled, the next one of its kind compiles nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import literal, select
from sqlalchemy.sql.compiler import SQLCompiler

from core.storage.db import Database


async def test_a_statement_is_compiled_for_the_first_database_of_its_kind_alone(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[SQLCompiler] = []
    compile_it = SQLCompiler.__init__
    statement = select(literal("anything").label(f"of_this_test_{uuid4().hex}"))

    def counted(compiler: SQLCompiler, *args: object, **options: object) -> None:
        compiled.append(compiler)
        compile_it(compiler, *args, **options)  # type: ignore[arg-type]

    async def ask() -> int:
        async with Database(migrated_url) as database, database.read() as connection:
            compiled.clear()
            await connection.execute(statement)
            return len(compiled)

    monkeypatch.setattr(SQLCompiler, "__init__", counted)

    assert [await ask(), await ask()] == [1, 0]
