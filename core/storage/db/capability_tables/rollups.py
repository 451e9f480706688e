"""The tables of what days came to, counted once from turns that ended. Numbers and ids alone, nobody's words.

`daily_spans` tells which stretch of time each counted day covers; what ended at or after the end of the last one is
not counted yet. A day is one of the operator's time zone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Date, Float, ForeignKey, Integer, Table

from core.storage.db.tables import metadata
from core.storage.db.types import Id, Instant, Label


def _count(name: str, comment: str | None = None) -> Column[Any]:
    return Column(name, BigInteger, nullable=False, comment=comment)


def _sums() -> list[Column[Any]]:
    """What is added up of turns, in each table of sums."""
    return [
        _count("answered"),
        _count("failed"),
        _count("cancelled"),
        _count("superseded"),
        _count("used", "answers of which usage is stored"),
        _count("prompt_tokens"),
        _count("completion_tokens"),
        _count("priced", "answers of which AIVAX told what they cost, or calls beside them"),
        Column("usd", Float, nullable=False, comment="as far as AIVAX told it"),
        _count("untold_prompt_tokens", "of answers whose own cost AIVAX did not tell"),
        _count("untold_completion_tokens"),
    ]


SUMS = tuple(column.name for column in _sums())


def _day() -> Column[Any]:
    return Column("day", Date, primary_key=True)


daily_spans = Table(
    "daily_spans",
    metadata,
    _day(),
    Column("begins_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False, comment="what ended before is counted"),
)

daily_platforms = Table(
    "daily_platforms", metadata, _day(), Column("platform", Label(64), primary_key=True), *_sums()
)

daily_places = Table(
    "daily_places",
    metadata,
    _day(),
    Column("platform", Label(64), primary_key=True),
    Column("workspace", Label(128), primary_key=True),
    Column("channel", Label(128), primary_key=True, comment="empty: all direct messages"),
    *_sums(),
)

daily_people = Table(
    "daily_people",
    metadata,
    _day(),
    Column("identity_id", Id, ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True, index=True),
    *_sums(),
)

daily_failures = Table(
    "daily_failures",
    metadata,
    _day(),
    Column("platform", Label(64), primary_key=True),
    Column("failure", Label(64), primary_key=True, comment="name of the error"),
    _count("turns"),
)

daily_times = Table(
    "daily_times",
    metadata,
    _day(),
    Column("platform", Label(64), primary_key=True),
    Column("what", Label(16), primary_key=True, comment="first_text or end, since the question"),
    Column(
        "bucket", Integer, primary_key=True, autoincrement=False, comment="see core.storage.rollups.buckets"
    ),
    _count("turns"),
)

daily_balances = Table(
    "daily_balances",
    metadata,
    _day(),
    Column("usd", Float, nullable=False, comment="as it was last read that day"),
    Column("read_at", Instant, nullable=False),
)
