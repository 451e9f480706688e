"""The queries of what days came to: what is counted, and beside it the rows of what is not, as if they were."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Date,
    Integer,
    Select,
    Subquery,
    Table,
    bindparam,
    case,
    func,
    select,
    union_all,
)

from core.storage.db import (
    daily_balances,
    daily_failures,
    daily_people,
    daily_places,
    daily_platforms,
    daily_times,
    identities,
)
from core.storage.db.capability_tables.rollups import SUMS
from core.storage.rollups.ended_turns import GROUPS, ended_between, failures_of, group_of, sums_of, times_of
from core.storage.spending import Price

MOST_CAUSES = 8
FIRST, LATELY, MOST = (
    bindparam("first", type_=Date),
    bindparam("lately", type_=Date),
    bindparam("most", type_=Integer),
)


@dataclass(frozen=True, slots=True)
class Queries:
    """Their parameters: the days `first` and `lately`, `most`, and of each stretch `start_N`, `end_N` and `day_N`."""

    sums: Select[Any]
    times: Select[Any]
    balances: Select[Any]
    causes: Select[Any]
    people: Select[Any]
    places: Select[Any]


@cache
def queries_of(dialect: str, stretches: int, price: Price) -> Queries:
    """Those for so many stretches of time that are not counted yet."""
    rest = [ended_between(dialect, number) for number in range(stretches)]
    platforms = _both(daily_platforms, FIRST, rest)
    columns = [func.sum(platforms.c[name]).label(name) for name in SUMS]
    keys = (platforms.c.day, platforms.c.platform)
    balances = select(daily_balances.c.day, daily_balances.c.usd).where(daily_balances.c.day >= FIRST)
    return Queries(
        sums=select(*keys, *columns).group_by(*keys),
        times=_times(rest),
        balances=balances,
        causes=_causes(rest),
        people=_people(_both(daily_people, LATELY, rest), price),
        places=_places(_both(daily_places, LATELY, rest), price),
    )


def _both(table: Table, first: Any, rest: list[Subquery]) -> Subquery:
    """What a table of sums holds of these days, and the same of what is not counted yet."""
    keys = GROUPS[table]
    counted = select(table.c.day, *(table.c[name] for name in (*keys, *SUMS))).where(table.c.day >= first)
    groups = [group_of(ended, table, keys, sums_of(ended)).subquery() for ended in rest]
    return union_all(counted, *(select(_day(number), each) for number, each in enumerate(groups))).subquery()


def _times(rest: list[Subquery]) -> Select[Any]:
    columns = daily_times.c["day", "what", "bucket", "turns"]
    found = [times_of(ended).subquery() for ended in rest]
    both: CompoundSelect[Any] = union_all(
        select(*columns).where(daily_times.c.day >= FIRST),
        *(
            select(_day(number), each.c.what, each.c.bucket, each.c.turns)
            for number, each in enumerate(found)
        ),
    )
    every = both.subquery()
    keys = every.c["day", "what", "bucket"]
    return select(*keys, func.sum(every.c.turns).label("turns")).group_by(*keys)


def _causes(rest: list[Subquery]) -> Select[Any]:
    counted = select(daily_failures.c.failure, daily_failures.c.turns).where(daily_failures.c.day >= LATELY)
    found = [failures_of(ended).subquery() for ended in rest]
    both = union_all(counted, *(select(each.c.failure, each.c.turns) for each in found)).subquery()
    number = func.sum(both.c.turns)
    query = select(both.c.failure, number.label("turns")).group_by(both.c.failure).having(number > 0)
    return query.order_by(number.desc(), both.c.failure).limit(MOST_CAUSES)


def _people(sums: Subquery, price: Price) -> Select[Any]:
    """The people whose answers cost most; who was forgotten is not among them."""
    name = func.max(func.coalesce(func.nullif(identities.c.name, ""), identities.c.user)).label("name")
    platform = func.max(identities.c.platform).label("platform")
    workspace = func.max(identities.c.workspace).label("workspace")
    query = select(platform, workspace, name, *_costs(sums, price))
    query = query.join_from(sums, identities, identities.c.id == sums.c.identity_id)
    return _dearest(query.group_by(identities.c.person_id + 0))


def _places(sums: Subquery, price: Price) -> Select[Any]:
    """The channels whose answers cost most, and the direct messages of each workspace as one."""
    where = (sums.c.platform, sums.c.workspace, sums.c.channel.label("name"))
    return _dearest(select(*where, *_costs(sums, price)).group_by(*where))


def _costs(sums: Subquery, price: Price) -> tuple[Any, Any]:
    usd: ColumnElement[Any] = func.sum(sums.c.usd)
    if price.prompt_usd or price.completion_usd:
        prompt = func.sum(sums.c.untold_prompt_tokens) * price.prompt_usd
        completion = func.sum(sums.c.untold_completion_tokens) * price.completion_usd
        usd = usd + (prompt + completion) / 1_000_000
    else:
        usd = case((func.sum(sums.c.priced) > 0, usd))
    return func.sum(sums.c.used).label("answers"), usd.label("usd")


def _dearest(query: Select[Any]) -> Select[Any]:
    """Those of which no cost is known come last."""
    answers, usd, name = (query.selected_columns[each] for each in ("answers", "usd", "name"))
    return query.having(answers > 0).order_by(usd.is_(None), usd.desc(), name).limit(MOST)


def _day(number: int) -> Any:
    return bindparam(f"day_{number}", type_=Date).label("day")
