"""Made-up days for the demonstration: the same ones each time, on a platform of their own that nobody writes on.

They stand in the tables of days alone. No turn and no usage hangs on them, so no cap, quota or limit counts them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from core.storage.db import (
    Database,
    daily_balances,
    daily_failures,
    daily_places,
    daily_platforms,
    daily_times,
    insert_into,
)
from core.storage.rollups.buckets import bucket_of
from core.storage.rollups.ended_turns import END, FIRST_TEXT

SAMPLE = "sample"
"""What stands in the place of their platform's name, and marks them."""
DAYS = 30
CHANNELS = ("general", "support", "sales")
FAILURES = ("Unavailable", "TurnTimedOut")
SATURDAY = 5
FULL_USD, TOP_UP_DAYS = 60.0, 14
USD_PER_TOKEN = 4e-6
Row = dict[str, Any]


async def fill_sample_days(database: Database, today: date) -> None:
    """Add those of the last `DAYS` days before today that are not there; nothing that is there changes."""
    async with database.write(many_rows=True) as connection:
        for back in range(1, DAYS + 1):
            for table, row in rows_of(today - timedelta(days=back)):
                kept = insert_into(connection, table).values(row)
                await connection.execute(kept.on_conflict_do_nothing())


def rows_of(day: date) -> Iterator[tuple[Table, Row]]:
    """All rows of one day."""
    chance = random.Random(day.toordinal())  # noqa: S311  made-up data, the same each time
    busy = 12 if day.weekday() >= SATURDAY else chance.randint(45, 80)
    parts = [_sums(chance, round(busy * share)) for share in (0.5, 0.3, 0.2)]
    for channel, sums in zip(CHANNELS, parts, strict=True):
        yield daily_places, {"day": day, "platform": SAMPLE, "workspace": SAMPLE, "channel": channel, **sums}
    whole = {name: sum(each[name] for each in parts) for name in parts[0]}
    yield daily_platforms, {"day": day, "platform": SAMPLE, **whole}
    if whole["failed"]:
        failure = chance.choice(FAILURES)
        yield daily_failures, {"day": day, "platform": SAMPLE, "failure": failure, "turns": whole["failed"]}
    end_s = chance.uniform(3.0, 5.5)
    for what, length_s in ((FIRST_TEXT, end_s / 3), (END, end_s)):
        number = {"bucket": bucket_of(length_s), "turns": whole["answered"]}
        yield daily_times, {"day": day, "platform": SAMPLE, "what": what, **number}
    left = FULL_USD - 1.4 * (day.toordinal() % TOP_UP_DAYS) - chance.uniform(0.0, 0.5)
    at = datetime(day.year, day.month, day.day, 23, tzinfo=UTC)
    yield daily_balances, {"day": day, "usd": round(left, 2), "read_at": at}


def _sums(chance: random.Random, questions: int) -> Row:
    failed = min(questions, int(chance.random() < 0.3))
    answered = questions - failed
    prompt = sum(chance.randint(900, 6_000) for _ in range(answered))
    return {
        "answered": answered,
        "failed": failed,
        "cancelled": 0,
        "superseded": 0,
        "used": answered,
        "prompt_tokens": prompt,
        "completion_tokens": prompt // 6,
        "priced": answered,
        "usd": round(prompt * USD_PER_TOKEN, 6),
        "untold_prompt_tokens": 0,
        "untold_completion_tokens": 0,
    }
