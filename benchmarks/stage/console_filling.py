"""Fills a database with a year of many people, by SQL alone: what the console's lists look through."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from benchmarks.stage.filling import NUMBERED, WORDS, insert_of
from core.storage.db import Database, metadata

YEAR_S = 31_536_000
CHANNELS = 40
"""Half of what is asked is asked in one of these; the other half in direct messages."""


@dataclass(frozen=True, slots=True)
class Year:
    """How much there is of it; two messages to a question."""

    people: int = 100_000
    turns: int = 500_000
    audit: int = 100_000


async def fill_year(database: Database, year: Year) -> None:
    """Fill a migrated, empty database. What was asked last is the newest: a moment ago, by its clock."""
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    async with database.write(many_rows=True) as connection:
        for statement in _statements(dialect, year):
            await connection.execute(text(statement.replace(":", "\\:")))
    async with database.write(many_rows=True) as connection:
        await connection.execute(text("ANALYZE"))


def _statements(dialect: str, year: Year) -> list[str]:
    is_sqlite = dialect == "sqlite"
    yes, no = ("1", "0") if is_sqlite else ("true", "false")
    at, old = _ago(dialect, f"({year.turns} - n) * {YEAR_S / year.turns}"), _ago(dialect, str(2 * YEAR_S))
    logged = _ago(dialect, f"({year.audit} - n) * {YEAR_S / year.audit}")
    key = "printf('%032x', n)" if is_sqlite else "lpad(to_hex(n), 32, '0')"
    person = f"1 + n * 7 % {year.people}"
    state = (
        f"CASE WHEN n > {year.turns} - 20 THEN 'parked' WHEN n % 70 = 0 THEN 'failed'"
        " WHEN n % 90 = 0 THEN 'cancelled' WHEN n % 110 = 0 THEN 'superseded' ELSE 'answered' END"
    )
    ended = f"CASE WHEN n > {year.turns} - 20 THEN NULL ELSE {at} END"
    reference = "CASE WHEN n % 70 = 0 THEN 'r' || n END"
    name = "'Person ' || n"
    on = {"platform": "'slack'", "workspace": "'T0ACME'"}
    place = {
        **on,
        "channel": f"CASE WHEN n % 2 = 0 THEN 'C' || (n / 2 % {CHANNELS}) ELSE 'D' || n END",
        "thread": "'t' || n",
        "private": "n % 2 = 1",
        "owner_id": "(n + 1) / 2",
        "opened_at": old,
        "active_at": _ago(dialect, f"n * 100.0 / {2 * year.people} * {YEAR_S / 100}"),
    }
    turn = {
        "id": "n",
        "conversation_id": f"2 * ({person}) - n % 2",
        "identity_id": person,
        "key": key,
        "state": state,
        "address": "'here'",
        "answer": WORDS,
        "notice": no,
        "reference": reference,
        "failure": "CASE WHEN n % 70 = 0 THEN 'Unavailable' END",
        "due_at": at,
        "created_at": at,
        "started_at": at,
        "ended_at": ended,
    }
    said = {"conversation_id": turn["conversation_id"], "turn_id": "n", "whole": yes, "created_at": at}
    asked = {**said, "identity_id": person, "role": "'user'", "origin": "'m' || n"}
    told = {**said, "role": "'assistant'", "origin": "''"}
    words = {"text": WORDS, "attachments": "'[]'"}
    tokens = {"prompt_tokens": "900", "completion_tokens": "90", "cached_tokens": "0", "credits": "0.001"}
    deed = {
        "at": logged,
        "via": "'console'",
        "actor": "'operator-' || (n % 7)",
        "action": "CASE WHEN n % 3 = 0 THEN 'turn.retry' ELSE 'sign_in' END",
        "identity_id": f"CASE WHEN n % 3 = 0 THEN {person} END",
        "turn_id": "CASE WHEN n % 3 = 0 THEN n END",
    }
    tool = {
        "tool_id": "'a'",
        "name": "'web_search'",
        "state": "'done'",
        "contents": "''",
        "explanation": "''",
    }
    named = {"name": name, "name_folded": "'person ' || n", "locale": "'en-US'", "time_zone": "'UTC'"}
    rows = [
        ("persons", {"id": "n", "key": key, "created_at": old}, year.people),
        (
            "identities",
            {"id": "n", "person_id": "n", **on, "user": "'U' || n", **named, "created_at": old},
            year.people,
        ),
        ("conversations", {"id": "n", **place}, 2 * year.people),
        ("turns", turn, year.turns),
        ("messages", {**asked, **words}, year.turns),
        ("messages", {**told, **words}, year.turns),
        ("usage", {"turn_id": "n", "model": "'m'", **tokens, "created_at": at}, year.turns),
        ("audit_log", deed, year.audit),
        ("deliveries", {"turn_id": "n", "part": "0", "message_id": "'answer-' || n"}, year.turns),
        ("tool_activity", {**tool, "turn_id": "n", "updated_at": at}, year.turns // 5),
        (
            "calls",
            {"turn_id": "n", "workspace": "'w'", "person_id": person, "at": at, "sent": yes},
            year.turns // 5,
        ),
    ]
    filled = [insert_of(dialect, metadata.tables[table], values, count) for table, values, count in rows]
    if not is_sqlite:
        filled += [
            f"SELECT setval(pg_get_serial_sequence('{each}', 'id'), (SELECT max(id) FROM {each}))"
            for each in (*NUMBERED, "messages", "audit_log")
        ]
    return filled


def _ago(dialect: str, seconds: str) -> str:
    """So many seconds before now, as each database stores a moment."""
    if dialect == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S.000000', 'now', '-' || ({seconds}) || ' seconds')"
    return f"now() - ({seconds}) * interval '1 second'"
