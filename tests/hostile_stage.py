"""A database in which every text of people, models and platforms is hostile: one row for each of `HOSTILE`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table

from core.storage.db import (
    Database,
    audit_log,
    breakers,
    conversations,
    failures,
    identities,
    messages,
    persons,
    tool_activity,
    turns,
    usage,
)
from tests.hostile import HOSTILE

FIRST = 1_000
"""The id of the first row of each table; the others follow."""
WHOLE = FIRST - 1
"""The turn, and the conversation, in which everybody said something."""


LAST = FIRST + len(HOSTILE) - 1
PATHS = (
    *(
        "/",
        "/waiting",
        "/turns",
        f"/turns/{WHOLE}",
        f"/turns/{LAST}",
        "/people",
        "/people?q=u",
        "/access",
        "/audit",
    ),
    *(f"/people/{FIRST}", f"/people/{LAST}", f"/people/{LAST}/forget", "/account", "/conversations?days=30"),
    *(f"/conversations/{WHOLE}", f"/conversations/{LAST}"),
)
"""Every page that shows texts of others; of lists their first page."""
LISTS: Mapping[str, Sequence[str]] = {
    "/conversations?days=30": [text[:160] for text in HOSTILE],
    f"/conversations/{WHOLE}": HOSTILE,
    "/audit": [text[:128] for text in HOSTILE],
}
"""Lists that are shown whole by following their pages, each with the texts that stand in it."""


async def fill_hostile(database: Database, now: datetime) -> None:
    """Fill an empty database."""
    rows: dict[Table, list[dict[str, Any]]] = {}

    def add(table: Table, **row: Any) -> None:
        rows.setdefault(table, []).append(row)

    _whole(add, now)
    for number, text in enumerate(HOSTILE):
        _one(add, FIRST + number, text, now - timedelta(minutes=number))
    async with database.write(many_rows=True) as connection:
        for table, some in rows.items():
            await connection.execute(table.insert(), some)


def _whole(add: Any, now: datetime) -> None:
    """One turn with all of it: messages, files, tools."""
    add(persons, id=WHOLE, key=f"{WHOLE:032x}", created_at=now)
    _identity(add, WHOLE, "Everybody", now)
    _conversation(add, WHOLE, "#all", now)
    _turn(add, WHOLE, HOSTILE[0], now)
    of = {"conversation_id": WHOLE, "turn_id": WHOLE, "identity_id": WHOLE, "whole": True, "created_at": now}
    for number, text in enumerate(HOSTILE):
        files = [{"name": text, "ref": text}]
        role = "assistant" if number % 2 else "user"
        add(messages, **of, role=role, text=text, attachments=files, origin=f"w{number}")
        tool = {"tool_id": f"t{number}", "contents": text, "explanation": text}
        add(tool_activity, turn_id=WHOLE, **tool, name=text, state=text, updated_at=now)
        add(failures, breaker=text, kind=text, turn_id=WHOLE, person_id=WHOLE, at=now)


def _one(add: Any, number: int, text: str, at: datetime) -> None:
    """A person, a place, a question and a deed that are called so."""
    add(persons, id=number, key=f"{number:032x}", created_at=at)
    _identity(add, number, text, at)
    _conversation(add, number, text, at)
    _turn(add, number, text, at)
    of = {"conversation_id": number, "turn_id": number, "identity_id": number, "role": "user", "whole": True}
    add(messages, **of, text=text, attachments=[], origin=f"o{number}", created_at=at)
    tokens = {"prompt_tokens": 9, "completion_tokens": 9, "cached_tokens": 0, "credits": 0.1}
    add(usage, turn_id=number, model=text, provider=text, **tokens, created_at=at)
    deed = {"via": text, "action": text, "address": text, "subject": text, "detail": text}
    add(audit_log, at=at, actor=text, actor_identity_id=number, identity_id=number, turn_id=number, **deed)
    add(breakers, name=f"outage:{number}{text}", cause="outage", model=text, since=at, retry_at=at, probes=0)


def _identity(add: Any, number: int, name: str, at: datetime) -> None:
    who = {
        "platform": "slack",
        "workspace": name,
        "user": f"u{number}",
        "name": name,
        "name_folded": name.casefold(),
    }
    add(identities, id=number, person_id=number, **who, locale=name, time_zone=name, created_at=at)


def _conversation(add: Any, number: int, text: str, at: datetime) -> None:
    where = {"platform": "slack", "workspace": text, "channel": text, "thread": str(number), "private": False}
    add(conversations, id=number, **where, owner_id=number, opened_at=at, active_at=at)


def _turn(add: Any, number: int, text: str, at: datetime) -> None:
    of = {
        "conversation_id": number,
        "identity_id": number,
        "key": f"{number:032x}",
        "address": "{}",
        "notice": False,
    }
    told = {"failure": text, "reference": text, "capability": text, "held_by": text}
    moments = dict.fromkeys(("due_at", "created_at", "started_at", "held_at", "ended_at"), at)
    add(turns, id=number, **of, state="failed", **told, **moments)
