"""Fills a database in bulk with answered turns of half a year, by SQL alone: a million messages in seconds."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg
from sqlalchemy import URL, Boolean, Column, Table, make_url

from core.storage.db import metadata

HALF_A_YEAR_S = 15_552_000
EVENTS_S = 1_123_200
"""Keys of events are kept for 14 days: these are of 13."""
PEOPLE = 500
TURNS_OF_A_CONVERSATION = 10
NUMBERED = ("persons", "identities", "conversations", "turns")
WORDS = "'some words that were said, of some length, number ' || n || ', and a few words more'"
LONGER = f"{WORDS} || '{' and one more sentence, as answers have them.' * 9}'"
"""In the long conversation answers have some 500 characters, as answers mostly do."""

Values = Mapping[str, str]
"""For each column an SQL expression of `n`, the number of the row."""


async def fill(url: str, messages: int, long: int) -> None:
    """Fill a database that has its tables with so many messages, in turns of a question and an answer each.

    The first `long` messages are all of conversation 1, whose person and place `benchmarks.inside.turns` asks in.
    """
    of = make_url(url)
    into = _into_sqlite if of.get_backend_name() == "sqlite" else _into_postgresql
    await asyncio.to_thread(into, of, statements(of.get_backend_name(), messages // 2, long // 2))


def _into_sqlite(url: URL, filling: list[str]) -> None:
    """References hold by construction, and a file that is not yet in use need not survive a crash."""
    with closing(sqlite3.connect(url.database or "", isolation_level=None)) as connection:
        quickly = ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -200000")
        for statement in (*(f"PRAGMA {each}" for each in quickly), "BEGIN", *filling, "COMMIT", "ANALYZE"):
            connection.execute(statement)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _into_postgresql(url: URL, filling: list[str]) -> None:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        quickly = ("session_replication_role = replica", "synchronous_commit = off")
        for statement in (*(f"SET {each}" for each in quickly), *filling, "VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(statement)


def statements(dialect: str, turns: int, long: int) -> list[str]:
    """SQL that fills the tables: people, places, turns, and what belongs to each turn."""
    filled = [
        insert_of(dialect, metadata.tables[name], values, count)
        for name, values, count in _rows(dialect, turns, long)
    ]
    if dialect == "postgresql":
        filled += [
            f"SELECT setval(pg_get_serial_sequence('{each}', 'id'), (SELECT max(id) FROM {each}))"
            for each in NUMBERED
        ]
    return filled


def _rows(dialect: str, turns: int, long: int) -> list[tuple[str, Values, int]]:
    people, places = min(PEOPLE, turns), max(1, turns // TURNS_OF_A_CONVERSATION)
    at, recent = _moment(dialect, turns), max(1, turns * EVENTS_S // HALF_A_YEAR_S)
    of = {
        "conversation_id": f"CASE WHEN n <= {long} THEN 1 ELSE 2 + n % {places} END",
        "identity_id": f"CASE WHEN n <= {long} THEN 1 ELSE 1 + n % {people} END",
    }
    key = "printf('%032x', n)" if dialect == "sqlite" else "lpad(to_hex(n), 32, '0')"
    on, yes, no = (
        {"platform": "'fake'", "workspace": "'W1'"},
        _boolean(dialect, True),
        _boolean(dialect, False),
    )
    answer = f"CASE WHEN n <= {long} THEN {LONGER} ELSE {WORDS} END"
    turn = {**of, "key": key, "state": "'answered'", "address": "'here'", "answer": answer, "notice": no}
    said = {"conversation_id": of["conversation_id"], "turn_id": "n", "whole": yes, "created_at": at}
    by = {"identity_id": of["identity_id"], "role": "'user'", "origin": "'m' || n"}
    asked = {**said, **by, "text": WORDS, "attachments": "'[]'"}
    told = {**said, "text": answer, "role": "'assistant'", "origin": "''", "attachments": "'[]'"}
    place = {
        **on,
        "channel": "'c' || n",
        "thread": "''",
        "private": yes,
        "owner_id": f"1 + (n - 1) % {people}",
    }
    tokens = {"prompt_tokens": "900", "completion_tokens": "90", "cached_tokens": "0", "credits": "0.001"}
    return [
        ("persons", {"id": "n", "key": key, "created_at": at}, people),
        ("identities", {"id": "n", "person_id": "n", **on, "user": "'u' || n", "created_at": at}, people),
        ("conversations", {"id": "n", **place, "opened_at": at, "active_at": at}, places + 1),
        ("turns", {"id": "n", **turn, "due_at": at, "created_at": at, "ended_at": at}, turns),
        ("messages", asked, turns),
        ("messages", told, turns),
        ("events", {"key": "'event-' || n", "received_at": _moment(dialect, recent, EVENTS_S)}, recent),
        (
            "deliveries",
            {"turn_id": "n", "part": "0", "message_id": "'answer-' || n", "shown": "60", "closed": yes},
            turns,
        ),
        ("usage", {"turn_id": "n", "model": "'m'", **tokens, "created_at": at}, turns),
    ]


def insert_of(dialect: str, table: Table, values: Values, count: int) -> str:
    """One statement that inserts rows 1 to `count`; what is not given has its column's default."""
    given = {**{c.name: _default(dialect, c) for c in table.columns if _has_default(c)}, **values}
    names, expressions = ", ".join(f'"{name}"' for name in given), ", ".join(given.values())
    if dialect == "postgresql":
        return (
            f"INSERT INTO {table} ({names}) SELECT {expressions} FROM generate_series(1, {count}) AS each(n)"
        )
    numbers = f"WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < {count})"
    return f"INSERT INTO {table} ({names}) {numbers} SELECT {expressions} FROM each"


def _has_default(column: Column[Any]) -> bool:
    return column.default is not None and column.default.is_scalar and not column.server_default


def _default(dialect: str, column: Column[Any]) -> str:
    value = getattr(column.default, "arg", None)
    if isinstance(column.type, Boolean):
        return _boolean(dialect, bool(value))
    return str(value) if isinstance(value, int | float) else f"'{value}'"


def _boolean(dialect: str, value: bool) -> str:
    return ("1" if value else "0") if dialect == "sqlite" else str(value).lower()


def _moment(dialect: str, count: int, over_s: int = HALF_A_YEAR_S) -> str:
    """When something was: all lie evenly over the time."""
    ago_s = f"(1 - n * 1.0 / {count + 1}) * {over_s}"
    if dialect == "postgresql":
        return f"now() - interval '1 second' * ({ago_s})"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({ago_s}) || ' seconds') || '000'"
