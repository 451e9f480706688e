"""The turns that are counted: those of a stretch of time by when they ended, or one; and what they add up to.

Sentences of the bot's own are none. Everything of a turn is counted on the day on which it ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Float,
    Integer,
    Select,
    Subquery,
    Table,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    union_all,
)

from core.domain import ENDED, TurnState
from core.storage.db import (
    Id,
    Instant,
    conversations,
    daily_people,
    daily_places,
    daily_platforms,
    turns,
    usage,
)
from core.storage.rollups.buckets import bucket

FIRST_TEXT, END = "first_text", "end"
Sign = int | ColumnElement[int]
GROUPS: Mapping[Table, tuple[str, ...]] = {
    daily_platforms: ("platform",),
    daily_places: ("platform", "workspace", "channel"),
    daily_people: ("identity_id",),
}
"""The tables of sums, and what beside the day each has a row for."""


def ended_between(dialect: str, number: int = 0) -> Subquery:
    """The turns that ended from `start_NUMBER` up to `end_NUMBER`, two parameters: those with their words, and those
    without, each by an index."""
    start, end = (bindparam(f"{name}_{number}", type_=Instant) for name in ("start", "end"))
    of_time = (turns.c.ended_at >= start, turns.c.ended_at < end)
    kept = _rows(dialect).where(*of_time, turns.c.emptied_at.is_(None))
    emptied = _rows(dialect).where(*of_time, turns.c.emptied_at.is_not(None))
    return union_all(kept, emptied).subquery(f"ended_{number}")


def one_turn(dialect: str) -> Subquery:
    """The same of the turn that the parameter `turn_id` names."""
    return _rows(dialect).where(turns.c.id == bindparam("turn_id", type_=Id)).subquery("ended")


def _rows(dialect: str) -> Select[Any]:
    channel = case((conversations.c.private, literal_column("''")), else_=conversations.c.channel)
    joined = turns.join(conversations).outerjoin(usage, usage.c.turn_id == turns.c.id)
    where = conversations.c["platform", "workspace"]
    used = usage.c["turn_id", "prompt_tokens", "completion_tokens", "credits", "other_usd"]
    own = turns.c["identity_id", "state", "failure", "emptied_at"]
    lengths = (
        _between_s(turns.c.created_at, turns.c.first_text_at, dialect).label(FIRST_TEXT),
        _between_s(turns.c.created_at, turns.c.ended_at, dialect).label(END),
    )
    return (
        select(*where, channel.label("channel"), *own, *used, *lengths)
        .select_from(joined)
        .where(~turns.c.notice, turns.c.state.in_(ENDED))
    )


def _between_s(start: ColumnElement[Any], end: ColumnElement[Any], dialect: str) -> ColumnElement[float]:
    if dialect == "sqlite":
        micros = cast(_micros(end) - _micros(start), Float) * 1e-6
        return cast(_seconds(end) - _seconds(start), Float) + micros
    return cast(func.extract("epoch", end - start), Float)


def _seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Whole seconds of `2026-09-01 12:00:00.123456`: SQLite's own functions would round to milliseconds."""
    return cast(func.strftime("%s", func.substr(column, 1, 19)), Integer)


def _micros(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.substr(column, 21, 6), Integer)


def sums_of(ended: Subquery, sign: Sign = 1) -> list[ColumnElement[Any]]:
    """What stands in the columns `SUMS` for these turns; a `sign` of -1 takes it away again."""
    has_usage = ended.c.turn_id.is_not(None)
    told, other = ended.c.credits, ended.c.other_usd
    is_untold = has_usage & told.is_(None)
    values = {
        **{state.value: _one_if(ended.c.state == state) for state in ENDED},
        "used": _one_if(has_usage),
        "prompt_tokens": func.coalesce(ended.c.prompt_tokens, 0),
        "completion_tokens": func.coalesce(ended.c.completion_tokens, 0),
        "priced": _one_if(told.is_not(None) | other.is_not(None)),
        "usd": func.coalesce(told, 0.0) + func.coalesce(other, 0.0),
        "untold_prompt_tokens": case((is_untold, ended.c.prompt_tokens), else_=0),
        "untold_completion_tokens": case((is_untold, ended.c.completion_tokens), else_=0),
    }
    return [(func.coalesce(func.sum(value), 0) * sign).label(name) for name, value in values.items()]


def group_of(
    ended: Subquery, table: Table, keys: Sequence[str], sums: Sequence[ColumnElement[Any]]
) -> Select[Any]:
    """The sums by what a table has rows for. Who was forgotten is counted in the numbers of all alone."""
    columns = [ended.c[key] for key in keys]
    query = select(*columns, *sums).group_by(*columns)
    return query.where(ended.c.emptied_at.is_(None)) if table is daily_people else query


def failures_of(ended: Subquery, sign: Sign = 1) -> Select[Any]:
    """How many failed by platform and error."""
    name = func.coalesce(ended.c.failure, "").label("failure")
    counted = (func.count() * sign).label("turns")
    query = select(ended.c.platform, name, counted).where(ended.c.state == TurnState.FAILED)
    return query.group_by(ended.c.platform, name)


def times_of(ended: Subquery, sign: Sign = 1) -> CompoundSelect[Any]:
    """How many took how long by platform: to the first text, and, of those answered, to the end."""
    return union_all(_times(ended, FIRST_TEXT, sign), _times(ended, END, sign))


def _times(ended: Subquery, what: str, sign: Sign) -> Select[Any]:
    length = ended.c[what]
    number = bucket(length).label("bucket")
    counted = (func.count() * sign).label("turns")
    query = select(ended.c.platform, literal(what).label("what"), number, counted)
    query = query.where(length.is_not(None), ended.c.state == TurnState.ANSWERED)
    return query.group_by(ended.c.platform, number)


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
