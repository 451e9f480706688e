"""Tests on PostgreSQL share one database: to make one for each takes longer than most of them."""

from __future__ import annotations

import psycopg
import pytest

from tests.conftest import _REUSED, _empty


def value(server: str, query: str, database: str = _REUSED) -> object:
    with psycopg.connect(server, dbname=database, autocommit=True) as connection:
        done = connection.execute(query)
        return next(done)[0] if done.description else None


def identity(server: str) -> object:
    return value(server, "SELECT oid FROM pg_database WHERE datname = current_database()")


@pytest.fixture
def server(postgres_server: str, migrated_postgres: str) -> str:
    _empty(postgres_server, migrated_postgres)
    return postgres_server


def test_a_database_that_a_test_wrote_to_is_emptied_and_not_made_anew(server: str) -> None:
    before = identity(server)
    value(server, "INSERT INTO console_wordings VALUES ('en', 'greeting', 'Hi', now(), 'ana')")

    _empty(server, "migrated")

    assert identity(server) == before
    assert value(server, "SELECT count(*) FROM console_wordings") == 0


def test_one_whose_schema_a_test_changed_is_made_anew(server: str) -> None:
    value(server, "ALTER TABLE console_wordings ADD COLUMN more TEXT")

    _empty(server, "migrated")

    columns = (
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'console_wordings'::regclass AND attname = 'more'"
    )
    assert value(server, columns) == 0
