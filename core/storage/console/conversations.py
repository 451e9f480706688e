"""Conversations as the console lists them: the newest question of each that fits the filters, a page at a time.

However the filters are put together, one request reads so many questions by an index and no more; where they were
all looked at and the page is not full, it says how far it came, and the next one goes on there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, FromClause, Select, exists, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import TurnState
from core.storage.console.paging import Page, Spot, older_than
from core.storage.db import Database, conversations, identities, is_open, messages, turns

ROWS = 50
LOOKED_AT = 1_000
"""Questions that one page looks at, and whose words it searches."""
QUIET = 500
"""A place with no more conversations than this is looked up by them, a busier one among all questions."""
EXCERPT_CHARS = 160
OPEN = "waiting"
OUTCOMES = (OPEN, "answered", "failed", "cancelled", "superseded")
"""By which lists can be filtered: what has not ended, and each end."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations to list: those with a question that fits all of it."""

    since: datetime
    until: datetime
    identity_ids: Sequence[int] | None = None
    """Whose questions; None: anybody's."""
    platform: str = ""
    channel: str = ""
    outcome: str = ""
    """One of `OUTCOMES`; `""`: any."""
    reference: str = ""
    words: str = ""
    """In the question or the answer; given only by who may read words."""


@dataclass(frozen=True, slots=True)
class ConversationLine:
    """A conversation, by its newest question that fits."""

    id: int
    turn_id: int
    at: datetime
    person_id: int
    name: str
    """Of who asked; else their id."""
    platform: str
    workspace: str
    channel: str
    private: bool
    is_shared: bool
    """Whether all who write there share it."""
    state: TurnState
    reference: str
    excerpt: str = ""
    """How the question begins, for who may read it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of the list."""

    page: Page[ConversationLine]
    looked_back_to: datetime | None
    """How far the search came where it ended before the page was full; None: nothing is left out."""


class ConversationReads:
    """`core.console.conversations.Conversations`, read from the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, wanted: Wanted, before: Spot | None, *, with_words: bool) -> Listing:
        async with self._database.read(many_rows=True) as connection:
            near = await _of_quiet_place(connection, wanted)
            rows = (await connection.execute(list_query(wanted, before, near))).all()
            lines = [_line(row) for row in rows[:ROWS]]
            edge = None
            if len(rows) <= ROWS:
                row = (await connection.execute(edge_query(wanted, before, near))).one_or_none()
                edge = Spot(row.created_at, row.id) if row else None
            if with_words:
                lines = await _with_excerpts(connection, lines)
        after = Spot(lines[-1].at, lines[-1].turn_id) if len(rows) > ROWS else edge
        return Listing(Page(lines, after), edge.at if edge else None)


def list_query(wanted: Wanted, before: Spot | None, near: Sequence[int] | None) -> Select[Any]:
    """The newest fitting question of each conversation, one more of them than a page has.

    `near` are the conversations of a quiet place; None: there is no such place.
    """
    newest = _newest_of_each(_looked_at(wanted, before, near).limit(LOOKED_AT).cte("looked_at"), wanted)
    newer = turns.alias("newer")
    is_newer = (newer.c.conversation_id == newest.c.conversation_id) & (newer.c.id > newest.c.id)
    fits = _within(newer, wanted) & _is_left(newer, wanted)
    page = (
        select(newest)
        .where(newest.c.rank == 1, ~_has_one(select(newer.c.id).where(is_newer, fits), newer))
        .order_by(newest.c.created_at.desc(), newest.c.id.desc())
        .limit(ROWS + 1)
        .subquery("page")
    )
    name = func.coalesce(func.nullif(identities.c.name, ""), identities.c.user).label("name")
    where = conversations.c["platform", "workspace", "channel", "private", "owner_id"]
    own = page.c["id", "conversation_id", "created_at", "state", "reference"]
    return (
        select(*own, *where, identities.c.person_id, name)
        .join_from(page, conversations, conversations.c.id == page.c.conversation_id)
        .join(identities, identities.c.id == page.c.identity_id)
        .order_by(page.c.created_at.desc(), page.c.id.desc())
    )


def _newest_of_each(looked_at: CTE, wanted: Wanted) -> CTE:
    """Those that fit, ranked within their conversation.

    Whether there is a newer one is then asked once for each conversation: of a channel that shares one, a thousand
    questions would each have all those after it read.
    """
    newest_first = looked_at.c.id.desc()
    rank = func.row_number().over(partition_by=looked_at.c.conversation_id, order_by=newest_first)
    own = looked_at.c["id", "conversation_id", "identity_id", "created_at", "state", "reference"]
    return select(*own, rank.label("rank")).where(_is_left(looked_at, wanted)).cte("newest")


def edge_query(wanted: Wanted, before: Spot | None, near: Sequence[int] | None) -> Select[Any]:
    """The last question that `list_query` looks at, where there are more behind it."""
    beyond = _looked_at(wanted, before, near).offset(LOOKED_AT - 1).limit(2).subquery()
    last = select(beyond.c.created_at, beyond.c.id, func.count().over().label("count")).subquery()
    return (
        select(last.c.created_at, last.c.id)
        .where(last.c.count == 2)
        .order_by(last.c.created_at.desc(), last.c.id.desc())
        .limit(1)
    )


def _looked_at(wanted: Wanted, before: Spot | None, near: Sequence[int] | None) -> Select[Any]:
    """The questions that an index leads to, the newest first; what it does not tell is asked of them later."""
    own = turns.c["id", "conversation_id", "identity_id", "created_at", "state", "reference", "notice"]
    at: ColumnElement[Any] = turns.c.created_at
    if wanted.outcome == OPEN:  # few: else SQLite would walk through all turns by their time to find them
        at = func.coalesce(at, at)
    query = select(*own).where(at >= wanted.since, at < wanted.until, _drives(turns, wanted, near))
    if before is not None:
        query = query.where(older_than(before, at, turns.c.id))
    return query.order_by(at.desc(), turns.c.id.desc())


def _within(of: FromClause, wanted: Wanted) -> ColumnElement[bool]:
    return (of.c.created_at >= wanted.since) & (of.c.created_at < wanted.until)


def _drives(of: FromClause, wanted: Wanted, near: Sequence[int] | None) -> ColumnElement[bool]:
    """The one filter, beside the time, that has an index of its own; the narrowest first."""
    if wanted.reference:
        return (of.c.reference == wanted.reference) & of.c.reference.is_not(None)
    if wanted.identity_ids is not None:
        return of.c.identity_id.in_(wanted.identity_ids)
    if near is not None:
        return of.c.conversation_id.in_(near)
    if wanted.outcome == OPEN:
        return is_open(of)
    if wanted.outcome and wanted.outcome != TurnState.ANSWERED:
        return of.c.state == wanted.outcome
    return true()


def _is_left(of: FromClause, wanted: Wanted) -> ColumnElement[bool]:
    """Whatever no index was asked for. `of` are questions."""
    fits = ~of.c.notice
    if wanted.reference:
        fits &= of.c.reference == wanted.reference
    if wanted.identity_ids is not None:
        fits &= of.c.identity_id.in_(wanted.identity_ids)
    if wanted.outcome == OPEN:
        fits &= is_open(of)
    elif wanted.outcome:
        fits &= of.c.state == wanted.outcome
    if wanted.platform or wanted.channel:
        there = exists().where(conversations.c.id == of.c.conversation_id, *_is_there(wanted))
        fits &= there.correlate_except(conversations)
    if wanted.words:
        says = messages.c.text.icontains(wanted.words, autoescape=True)
        fits &= _has_one(select(messages.c.id).where(messages.c.turn_id == of.c.id, says), messages)
    return fits


def _has_one(query: Select[Any], of: FromClause) -> ColumnElement[bool]:
    """Whether a row has one beside it, looked up row by row: for `EXISTS` PostgreSQL may read the whole table first."""
    return query.limit(1).correlate_except(of).scalar_subquery().is_not(None)


def _is_there(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    there = []
    if wanted.platform:
        there.append(conversations.c.platform == wanted.platform)
    if wanted.channel:
        there.append(conversations.c.channel == wanted.channel)
    return there


def place_query(wanted: Wanted) -> Select[Any]:
    """The conversations of a place that went on in the time, one more than a quiet place has."""
    recent = conversations.c.active_at >= wanted.since
    found = select(conversations.c.id).where(*_is_there(wanted), recent)
    return found.order_by(conversations.c.active_at.desc()).limit(QUIET + 1)


async def _of_quiet_place(connection: AsyncConnection, wanted: Wanted) -> Sequence[int] | None:
    if not wanted.channel or wanted.reference or wanted.identity_ids is not None:
        return None
    found = (await connection.execute(place_query(wanted))).scalars().all()
    return found if len(found) <= QUIET else None


async def _with_excerpts(
    connection: AsyncConnection, lines: Sequence[ConversationLine]
) -> list[ConversationLine]:
    ids = [line.turn_id for line in lines]
    asked = select(messages.c.turn_id, func.substr(messages.c.text, 1, EXCERPT_CHARS)).where(
        messages.c.turn_id.in_(ids), messages.c.role == "user", messages.c.text != ""
    )
    first: dict[int, str] = {}
    for turn_id, begin in await connection.execute(asked.order_by(messages.c.id)):
        first.setdefault(turn_id, begin)
    return [replace(line, excerpt=first.get(line.turn_id, "")) for line in lines]


def _line(row: Any) -> ConversationLine:
    return ConversationLine(
        id=row.conversation_id,
        turn_id=row.id,
        at=row.created_at,
        person_id=row.person_id,
        name=row.name,
        platform=row.platform,
        workspace=row.workspace,
        channel=row.channel,
        private=row.private,
        is_shared=row.owner_id == 0,
        state=TurnState(row.state),
        reference=row.reference or "",
    )
