"""One person as the console shows them: accounts, what they used, where they ask, who is blocked. No words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, and_, case, cast, func, literal, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.storage.db import (
    Database,
    blocks,
    consents,
    conversations,
    erasures,
    identities,
    is_open,
    learnt,
    messages,
    persons,
    turns,
    usage,
)
from core.storage.personal_data.accounts import counted_with
from core.storage.personal_data.people import ANYWHERE
from core.storage.spending import Price, usd_of
from core.storage.uses_tables import uses

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)
MOST_PLACES = 20
MOST_COUNTED = 20_000
"""Questions of one person in which messages are counted; who has more is told to have more."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account of the person."""

    identity_id: int
    platform: str
    workspace: str
    user: str
    name: str
    """`""`: never told, or forgotten."""
    locale: str
    """In which they are spoken to; `""`: not known."""
    is_chosen: bool
    """Whether they chose that language themselves."""
    time_zone: str
    since: datetime
    blocked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """Where the person asked in the last weeks."""

    platform: str
    workspace: str
    channel: str
    private: bool
    questions: int
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Consumed:
    """What the person used in a time."""

    questions: int
    answers: int
    tokens: int
    usd: float | None
    """None: not known."""


@dataclass(frozen=True, slots=True)
class Person:
    """All of it, read at one moment."""

    id: int
    accounts: Sequence[AccountLine]
    hour: int
    """Questions in the last hour."""
    day: Consumed
    month: Consumed
    """Of 30 days."""
    open: int
    """Questions that wait or are under way."""
    tools: Sequence[tuple[str, int]]
    """What is counted of theirs in the last 24 hours, by what it is."""
    places: Sequence[PlaceLine]
    """Of 30 days, the last first."""
    told_at: datetime | None
    """When they were told that what they say is stored; None: not, or nobody has to be."""
    agreed_at: datetime | None
    is_being_forgotten: bool

    @property
    def name(self) -> str:
        """What they are called, else the id of an account; `""`: nobody has such a row any more."""
        names = [each.name for each in self.accounts if each.name]
        return names[-1] if names else next((each.user for each in self.accounts), "")

    @property
    def is_blocked(self) -> bool:
        return any(each.blocked_at is not None for each in self.accounts)


@dataclass(frozen=True, slots=True)
class Holdings:
    """What forgetting a person takes away."""

    questions: int
    messages: int
    """What they said and were answered, as far as its words are kept."""
    files: int
    """Messages with files that are named."""
    learnt: int
    """What they had learnt."""
    is_more: bool
    """Whether there are more: only the last `MOST_COUNTED` questions are looked at."""


class PersonReads:
    """`core.console.people.Persons`, read from the rows."""

    def __init__(self, database: Database, price: Price, now: Callable[[], datetime]) -> None:
        self._database = database
        self._price = price
        self._now = now

    async def person(self, person_id: int) -> Person | None:
        now = self._now()
        async with self._database.read(many_rows=True) as connection:
            known = await connection.scalar(select(persons.c.id).where(persons.c.id == person_id))
            if known is None:
                return None
            person_id = await connection.scalar(linked_to_query(person_id)) or person_id
            accounts = [_account(row) for row in await connection.execute(accounts_query(person_id))]
            ids = [each.identity_id for each in accounts]
            told = (
                await connection.execute(select(consents).where(consents.c.person_id == person_id))
            ).one_or_none()
            counted = uses_query(person_id, now - DAY)
            forgetting = select(erasures.c.id).where(erasures.c.person_id == person_id).limit(1)
            return Person(
                id=person_id,
                accounts=accounts,
                hour=await connection.scalar(asked_query(ids, now - HOUR)) or 0,
                day=await self._consumed(connection, ids, now - DAY),
                month=await self._consumed(connection, ids, now - MONTH),
                open=await connection.scalar(open_query(ids)) or 0,
                tools=[(row[0], int(row[1])) for row in await connection.execute(counted)],
                places=[PlaceLine(*row) for row in await connection.execute(places_query(ids, now - MONTH))],
                told_at=told.told_at if told else None,
                agreed_at=told.agreed_at if told else None,
                is_being_forgotten=await connection.scalar(forgetting) is not None,
            )

    async def holdings(self, person_id: int) -> Holdings:
        async with self._database.read(many_rows=True) as connection:
            own = select(identities.c.id).where(identities.c.person_id == person_id)
            ids = (await connection.execute(own)).scalars().all()
            asked = kept_query(ids).subquery()
            questions = await connection.scalar(select(func.count()).select_from(asked)) or 0
            said = select(func.count(), func.coalesce(func.sum(_has_files()), 0)).select_from(
                messages.join(asked, asked.c.id == messages.c.turn_id)
            )
            row = (await connection.execute(said)).one()
            taught = select(func.count()).select_from(learnt).where(learnt.c.identity_id.in_(ids))
            return Holdings(
                questions=questions,
                messages=int(row[0]),
                files=int(row[1]),
                learnt=await connection.scalar(taught) or 0,
                is_more=questions >= MOST_COUNTED,
            )

    async def _consumed(self, connection: AsyncConnection, ids: Collection[int], since: datetime) -> Consumed:
        questions = await connection.scalar(asked_query(ids, since)) or 0
        row = (await connection.execute(used_query(ids, since, self._price))).one()
        return Consumed(questions, int(row[0]), int(row[1] or 0), None if row[2] is None else float(row[2]))


def accounts_query(person_id: int) -> Select[Any]:
    """The accounts of a person, the first known first; each with the block that holds for it."""
    holds = and_(
        blocks.c.platform == identities.c.platform,
        blocks.c.user == identities.c.user,
        or_(
            blocks.c.workspace == identities.c.workspace,
            blocks.c.workspace == literal_column(f"'{ANYWHERE}'"),
        ),
    )
    since = select(func.min(blocks.c.blocked_at)).where(holds).correlate(identities).scalar_subquery()
    theirs = identities.c.person_id == person_id
    return select(identities, since.label("blocked_at")).where(theirs).order_by(identities.c.id)


def linked_to_query(person_id: int) -> Select[Any]:
    """The person that one counts as whose account was linked to another's: links to their page of before lead there."""
    return select(identities.c.person_id).where(identities.c.home_person_id == person_id).limit(1)


def asked_query(ids: Collection[int], since: datetime) -> Select[Any]:
    """How many questions were asked."""
    asked = turns.c.identity_id.in_(ids) & (turns.c.created_at > since) & ~turns.c.notice
    return select(func.count()).select_from(turns).where(asked)


def used_query(ids: Collection[int], since: datetime, price: Price) -> Select[Any]:
    """Answers, tokens and cost."""
    asked = turns.c.identity_id.in_(ids) & (turns.c.created_at > since)
    columns: tuple[Any, ...] = (
        func.count(),
        func.sum(usage.c.prompt_tokens + usage.c.completion_tokens),
        func.sum(usd_of(price)),
    )
    return select(*columns).select_from(turns.join(usage)).where(asked)


def open_query(ids: Collection[int]) -> Select[Any]:
    """How many questions have not ended."""
    return (
        select(func.count())
        .select_from(turns)
        .where(turns.c.identity_id.in_(ids), is_open(), ~turns.c.notice)
    )


def uses_query(person_id: int, since: datetime) -> Select[Any]:
    """What is counted of a person, by what it is."""
    theirs = uses.c.person_id.in_(counted_with(literal(person_id))) & (uses.c.at > since)
    return select(uses.c.what, func.count()).where(theirs).group_by(uses.c.what).order_by(uses.c.what)


def places_query(ids: Collection[int], since: datetime) -> Select[Any]:
    """Where they asked; threads of a channel are told as the channel."""
    where = conversations.c["platform", "workspace", "channel", "private"]
    last = func.max(turns.c.created_at).label("last")
    asked = turns.c.identity_id.in_(ids) & (turns.c.created_at > since) & ~turns.c.notice
    query = select(*where, func.count(), last).join_from(turns, conversations).where(asked)
    return query.group_by(*where).order_by(last.desc()).limit(MOST_PLACES)


def kept_query(ids: Collection[int]) -> Select[Any]:
    """The questions whose words are kept, the last ones first."""
    theirs = turns.c.identity_id.in_(ids) & turns.c.emptied_at.is_(None)
    return select(turns.c.id).where(theirs, ~turns.c.notice).order_by(turns.c.id.desc()).limit(MOST_COUNTED)


def _has_files() -> Any:
    return case((cast(messages.c.attachments, Text) != "[]", 1), else_=0)


def _account(row: Any) -> AccountLine:
    return AccountLine(
        identity_id=row.id,
        platform=row.platform,
        workspace=row.workspace,
        user=row.user,
        name=row.name,
        locale=row.chosen_locale or row.locale,
        is_chosen=bool(row.chosen_locale),
        time_zone=row.time_zone or "",
        since=row.created_at,
        blocked_at=row.blocked_at,
    )
