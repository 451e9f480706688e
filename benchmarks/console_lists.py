"""`python -m benchmarks.console_lists`: how long the queries of the console's lists take at a million messages.

On SQLite, and on a PostgreSQL of its own; the fastest of nine runs after one, which others on the machine
disturbed least, in milliseconds as its caller waits for it. Nothing is written but to temporary databases.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from benchmarks.stage.console_filling import CHANNELS, Year, fill_year
from benchmarks.stage.databases import Databases
from core.storage.console.audit import AuditFilter, AuditReads
from core.storage.console.conversation import ConversationPageReads
from core.storage.console.conversations import ConversationReads, Wanted
from core.storage.console.people import PeopleReads
from core.storage.console.person import PersonReads
from core.storage.console.person_search import PersonSearch
from core.storage.console.turns import TurnReads
from core.storage.db import Database, migrate
from core.storage.spending import Price

RUNS = 9
Query = Callable[[], Awaitable[object]]


def queries(database: Database, year: Year) -> Mapping[str, Query]:
    """What is measured, by what a person would call it."""
    now = datetime.now(UTC)
    lists, pages = ConversationReads(database), ConversationPageReads(database)
    people, audit, turns = (
        PersonReads(database, Price(), lambda: now),
        AuditReads(database),
        TurnReads(database),
    )
    search, middle, busy = PersonSearch(database), year.turns // 2, f"C{CHANNELS // 2}"

    def listed(days: int, **fields: object) -> Query:
        wanted = Wanted(now - timedelta(days=days), now + timedelta(minutes=1), **fields)  # type: ignore[arg-type]
        return lambda: lists.list(wanted, None, with_words=True)

    return {
        "conversations of 7 days": listed(7),
        "conversations of a year": listed(365),
        "of one person in a year": listed(365, identity_ids=[8]),
        "of a busy channel in a year": listed(365, channel=busy, platform="slack"),
        "of a quiet place in a year": listed(365, channel="D99", platform="slack"),
        "failed in a year": listed(365, outcome="failed"),
        "waiting": listed(365, outcome="waiting"),
        "superseded in a busy channel in a year": listed(365, outcome="superseded", channel=busy),
        "by a reference": listed(9_999, reference=f"r{middle - middle % 70}"),
        "by words that are nowhere, in a year": listed(365, words="xylophone"),
        "by words that are nowhere, of one channel": listed(365, words="xylophone", channel=busy),
        "one conversation": lambda: pages.read(14, before=None, after=None, with_words=True),
        "people by the beginning of a name": lambda: search.find("person 5"),
        "people by an id": lambda: search.find("U4711"),
        "busiest people": lambda: PeopleReads(database, Price()).busiest(now - timedelta(days=7)),
        "one person": lambda: people.person(8),
        "what forgetting them takes": lambda: people.holdings(8),
        "one turn's timeline": lambda: turns.story(middle),
        "audit log": lambda: audit.page(AuditFilter()),
        "audit log of one operator": lambda: audit.page(AuditFilter(actor="operator-3")),
        "audit log of one deed": lambda: audit.page(AuditFilter(action="turn.retry")),
        "audit log about one person": lambda: audit.page(AuditFilter(person_id=22)),
        "who is in the audit log": audit.actors,
    }


async def measured(url: str, year: Year) -> Mapping[str, float]:
    """The fastest run of each query, in milliseconds."""
    async with Database(url) as database:
        await migrate.upgrade(database)
        await fill_year(database, year)
        found = {}
        for name, query in queries(database, year).items():
            await query()
            found[name] = min([await _timed_ms(query) for _ in range(RUNS)])
        return found


async def _timed_ms(query: Query) -> float:
    began = time.perf_counter()
    await query()
    return (time.perf_counter() - began) * 1_000


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=Year().turns)
    parser.add_argument("--people", type=int, default=Year().people)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    given = parser.parse_args()
    year = Year(people=given.people, turns=given.turns)
    with Databases() as databases:
        for kind in [given.only] if given.only else ["sqlite", "postgresql"]:
            url = databases.sqlite("console") if kind == "sqlite" else databases.postgresql("console")
            found = asyncio.run(measured(url, year))
            print(f"{kind}: {2 * year.turns:,} messages, {year.people:,} people")
            for name, took_ms in found.items():
                print(f"  {name:45}{took_ms:8.1f} ms", flush=True)


if __name__ == "__main__":
    main()
