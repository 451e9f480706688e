"""Fills a database with made-up weeks of a bot, the same ones each time: for the console's pages and their pictures."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, select

from core.storage.db import (
    Database,
    breakers,
    conversations,
    identities,
    messages,
    persons,
    tool_activity,
    turns,
    usage,
)

NAMES = (
    "Ana Souza",
    "Ben Carter",
    "Chloé Martin",
    "Diego Rivas",
    "Emi Tanaka",
    "Farid Nasser",
    "Grace Obi",
    "Hugo Lind",
)
CHANNELS = ("general", "support", "sales", "engineering", "hr-questions")
MODELS = ("support:50c3", "research:91aa")
FAILURES = ("Unavailable", "TurnTimedOut", "RequestRefused", "AnswerBroken")
REFERENCE = "k7f2q9"
"""Of the last question that failed."""
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    people: int = 60
    turns: int = 2_400
    days: int = 30


class Seed:
    """Makes rows, each table's by the thousand."""

    def __init__(self, now: datetime, size: Size) -> None:
        self._now = now
        self._size = size
        self._chance = random.Random(7)  # noqa: S311  made-up data
        self.rows: dict[Table, list[dict[str, Any]]] = {}

    def people(self) -> None:
        old = self._now - timedelta(days=400)
        for number in range(1, self._size.people + 1):
            platform = "slack" if number % 3 else "discord"
            name = (
                NAMES[number % len(NAMES)]
                if number <= len(NAMES)
                else f"{NAMES[number % len(NAMES)]} {number}"
            )
            workspace = "T0ACME" if platform == "slack" else "81384788765712384"
            self._add(persons, id=number, key=f"{number:032x}", created_at=old)
            self._add(
                identities,
                id=number,
                person_id=number,
                platform=platform,
                workspace=workspace,
                user=f"U{number:06}",
                name=name,
                name_folded=name.casefold(),
                locale=("en-US", "pt-BR", "es-MX", "")[number % 4],
                chosen_locale="",
                time_zone="America/Sao_Paulo",
                created_at=old,
            )
            for place in range(2):
                self._add(
                    conversations,
                    id=number * 2 + place,
                    platform=platform,
                    workspace=workspace,
                    channel=CHANNELS[number % 5] if place else f"D{number:06}",
                    thread=f"{number}",
                    private=not place,
                    owner_id=number,
                    opened_at=old,
                    active_at=self._now,
                    closed_at=None,
                )

    def turn(self, number: int, **other: Any) -> dict[str, Any]:
        """One turn, with what was said in it."""
        size, chance = self._size, self._chance
        back = timedelta(days=size.days) * (max(0, size.turns - number) / size.turns) ** 1.1
        at = self._now - timedelta(minutes=3) - back
        if at.hour < 7 or at.weekday() > 4:  # people work by day
            at += timedelta(hours=9) if at + timedelta(hours=9) < self._now else timedelta()
        person = min(size.people, 1 + int(chance.paretovariate(0.7)))
        has_failed = chance.random() < 0.015
        took = timedelta(seconds=chance.lognormvariate(1.4, 0.6))
        row = {
            "id": number,
            "conversation_id": person * 2 + number % 2,
            "identity_id": person,
            "key": f"{number:032x}",
            "state": "failed" if has_failed else "answered",
            "address": "{}",
            "answer": None,
            "notice": False,
            "attempt": 1,
            "tries": 1,
            "generation": 0,
            "failure": chance.choice(FAILURES) if has_failed else None,
            "reference": f"r{number:x}" if has_failed else None,
            "held_by": None,
            "held_at": None,
            "due_at": at,
            "created_at": at,
            "started_at": at + took / 20,
            "first_text_at": None if has_failed or number % 9 == 0 else at + took / 3,
            "ended_at": at + took,
            "lease_until": None,
            "awaited": False,
            "offers": "",
            "position_only_attempts": 0,
            "unbilled_attempts": 0,
            "faults": 0,
            "emptied_at": None,
            "owner": None,
            **other,
        }
        self.rows.setdefault(turns, []).append(row)
        self._say(row, number)
        return row

    def _say(self, row: dict[str, Any], number: int) -> None:
        of = {"conversation_id": row["conversation_id"], "turn_id": number, "whole": True, "attachments": []}
        question, answer = (
            "How do I reset my VPN token?",
            "Open the portal, choose *Devices*, then *Reset token*.",
        )
        asked = {"id": number * 2, "identity_id": row["identity_id"], "role": "user", "text": question}
        self._add(messages, **of, **asked, origin=f"{number}.1", created_at=row["created_at"])
        if row["state"] != "answered":
            return
        told = {"id": number * 2 + 1, "identity_id": None, "role": "assistant", "text": answer}
        self._add(messages, **of, **told, origin="", created_at=row["ended_at"])
        tokens = self._chance.randint(900, 6_000)
        self._add(
            usage,
            turn_id=number,
            model=MODELS[number % 7 == 0],
            provider=None,
            prompt_tokens=tokens,
            completion_tokens=tokens // 6,
            cached_tokens=0,
            credits=tokens * 4e-6,
            created_at=row["ended_at"],
        )

    def waiting(self, number: int) -> None:
        """Some that have not ended, the breaker that holds most of them, and one that failed just now."""
        now, name = self._now, "outage:research:91aa"
        held = {"state": "parked", "held_by": name, "ended_at": None, "failure": None, "reference": None}
        for each in range(4):
            at = now - timedelta(minutes=9 - each)
            moments = {"created_at": at, "started_at": at, "held_at": at + timedelta(seconds=4), "due_at": at}
            self.turn(number + each, **held, **moments, conversation_id=2 + each)
        running = {"state": "running", "ended_at": None, "failure": None, "reference": None}
        at = now - timedelta(seconds=7)
        lease = {"lease_until": now + timedelta(minutes=1), "created_at": at, "started_at": at}
        self.turn(number + 4, **running, **lease, conversation_id=12)
        at = now - timedelta(minutes=14)
        lost = {"state": "failed", "failure": "Unavailable", "reference": REFERENCE, "attempt": 3}
        ended = at + timedelta(seconds=41)
        self.turn(number + 5, **lost, created_at=at, started_at=at, ended_at=ended, held_at=None)
        of = {"turn_id": number + 5, "tool_id": "a", "contents": "", "explanation": ""}
        self._add(
            tool_activity, **of, name="web_search", state="failed", updated_at=at + timedelta(seconds=9)
        )
        self._add(
            breakers,
            name=name,
            cause="outage",
            model="research:91aa",
            since=now - timedelta(minutes=9),
            retry_at=now + timedelta(seconds=50),
            probes=3,
            confirms=0,
        )

    def _add(self, table: Table, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)


async def fill(database: Database, now: datetime, size: Size = Size()) -> int:
    """Fill it; the id of the turn that failed last."""
    seed = Seed(now, size)
    seed.people()
    for number in range(1, size.turns + 1):
        seed.turn(number)
        if number % CHUNK == 0:
            await write(database, seed)
    seed.waiting(size.turns + 1)
    await write(database, seed)
    return size.turns + 6


async def write(database: Database, seed: Seed) -> None:
    """Insert what was made, and begin anew."""
    order = (persons, identities, conversations, turns, messages, usage, tool_activity, breakers)
    async with database.write(many_rows=True) as connection:
        for table in order:
            if rows := seed.rows.pop(table, []):
                await connection.execute(table.insert(), rows)
                if not database.is_sqlite and "id" in rows[0]:
                    highest = select(
                        func.setval(func.pg_get_serial_sequence(table.name, "id"), rows[-1]["id"])
                    )
                    await connection.execute(highest)
