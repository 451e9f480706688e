"""What became of one message, read from the rows: found by its reference, or by an id of the question or the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, literal_column, or_, select, union_all

from core.domain import TurnState
from core.domain.audit import AuditAction
from core.storage.db import (
    Database,
    audit_log,
    breakers,
    calls,
    conversations,
    deliveries,
    events,
    failures,
    identities,
    messages,
    tool_activity,
    turns,
    usage,
)

MOST_TURNS, MOST_STEPS = 20, 100
_NONE: ColumnElement[str] = literal_column("''")


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that AIVAX ran for an answer."""

    name: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FailedCall:
    """A call to AIVAX for it that failed before any text; known for an hour, or until it was refuted."""

    at: datetime
    breaker: str
    failure: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What an operator did to it, as the audit log has it."""

    at: datetime
    action: str
    by: str


@dataclass(frozen=True, slots=True)
class TurnStory:
    """One turn, as far as its row and what hangs on it tell. No words of anybody are in it."""

    id: int
    platform: str
    workspace: str
    channel: str
    state: TurnState
    capability: str
    notice: bool
    reference: str
    failure: str
    origin: str
    """The platform's id of the first message of it; `""` for a sentence of the bot's own."""
    created_at: datetime
    due_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    tries: int
    held_by: str
    """The breaker that holds it, or held it last."""
    held_at: datetime | None
    tripped_until: datetime | None
    """When that breaker tries again; None where it is not tripped."""
    cancel_request: str
    is_answered: bool
    """Whether the whole answer is stored, or was until it was emptied."""
    model: str
    tokens: int
    credits: float | None
    tools: Sequence[Tool]
    shown: int
    """How many messages of the answer are known on the platform."""
    lease_until: datetime | None
    conversation_id: int
    person_id: int
    added: Sequence[datetime] = ()
    """When more was said that became part of the question."""
    calls: Sequence[datetime] = ()
    """When AIVAX was asked, in the last day."""
    failed_calls: Sequence[FailedCall] = ()
    deeds: Sequence[Deed] = ()
    gone: int = 0
    """Messages of the answer that are on the platform no more."""
    generation: int = 0
    """How often its text was begun anew."""
    replaced_by: int | None = None
    """The turn that answers the same question in its place."""
    replaces: int | None = None
    """The turn in whose place it answers."""
    provider: str = ""


async def stories(
    database: Database, wanted: Sequence[str], *, number: int | None = None
) -> Sequence[TurnStory]:
    """The turns that a reference, or one of some ids of a message, belongs to; the oldest first.

    `number` is a turn's own, which no message is known by.
    """
    which = turns.c.id.in_(found_query(wanted, number))
    async with database.read(many_rows=True) as connection:
        return [await _story(connection, row) for row in (await connection.execute(_found(which))).all()]


def found_query(wanted: Sequence[str], number: int | None) -> CompoundSelect[Any]:
    """The ids of turns, each way of finding them by an index of its own: joined by `OR` they would walk all turns."""
    ways = [
        select(turns.c.id).where(turns.c.reference.in_(wanted), turns.c.reference.is_not(None)),
        select(turns.c.id).where(turns.c.key.in_(wanted)),
        select(messages.c.turn_id).where(messages.c.origin.in_(wanted), messages.c.origin != _NONE),
        select(deliveries.c.turn_id).where(
            deliveries.c.message_id.in_(wanted), deliveries.c.message_id != _NONE
        ),
    ]
    if number is not None:
        ways.append(select(turns.c.id).where(turns.c.id == number))
    return union_all(*ways)


async def story(database: Database, turn_id: int) -> TurnStory | None:
    """The turn with this id."""
    async with database.read() as connection:
        row = (await connection.execute(_found(turns.c.id == turn_id))).one_or_none()
        return await _story(connection, row) if row is not None else None


def _found(which: ColumnElement[bool]) -> Select[Any]:
    return _with_place().where(which).order_by(turns.c.id).limit(MOST_TURNS)


def _with_place() -> Select[Any]:
    where = conversations.c["platform", "workspace", "channel"]
    joined = select(turns, *where, identities.c.person_id).join_from(turns, conversations)
    return joined.join(identities, turns.c.identity_id == identities.c.id)


def _usd(paid: Any) -> float | None:
    known = [each for each in (paid.credits, paid.other_usd) if each is not None]
    return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class HeardEvent:
    """A message that came, and of which no question was made."""

    at: datetime
    reply: TurnStory | None
    """The sentence of the bot's own that was said to it; None where nothing was."""


async def heard(database: Database, wanted: Sequence[str]) -> HeardEvent | None:
    """What is known of a message that no turn belongs to, as long as the key of its event is kept; else None."""
    which = or_(
        *(events.c.key.endswith(f":{each}", autoescape=True) for each in wanted), events.c.key.in_(wanted)
    )
    query = _with_place()
    async with database.read(many_rows=True) as connection:
        at = await connection.scalar(select(func.min(events.c.received_at)).where(which))
        if at is None:
            return None
        said = query.where(turns.c.notice, turns.c.created_at == at).limit(2)
        rows = (await connection.execute(said)).all()
        # two at one moment: which of them it was can't be told
        return HeardEvent(at, await _story(connection, rows[0]) if len(rows) == 1 else None)


async def _story(connection: Any, row: Any) -> TurnStory:
    asked = select(*messages.c["origin", "created_at"]).where(
        messages.c.turn_id == row.id, messages.c.role == "user"
    )
    said = (await connection.execute(asked.order_by(messages.c.id).limit(MOST_STEPS))).all()
    paid = (await connection.execute(select(usage).where(usage.c.turn_id == row.id))).one_or_none()
    ran = select(tool_activity).where(tool_activity.c.turn_id == row.id).order_by(tool_activity.c.id)
    tools = [Tool(each.name, each.state, each.updated_at) for each in await connection.execute(ran)]
    parts = select(deliveries.c.gone).where(deliveries.c.turn_id == row.id, deliveries.c.message_id != "")
    gone = (await connection.execute(parts)).scalars().all()
    until = await connection.scalar(select(breakers.c.retry_at).where(breakers.c.name == (row.held_by or "")))
    return TurnStory(
        id=row.id,
        platform=row.platform,
        workspace=row.workspace,
        channel=row.channel,
        state=TurnState(row.state),
        capability=row.capability or "",
        notice=row.notice,
        reference=row.reference or "",
        failure=row.failure or "",
        origin=said[0].origin if said else "",
        created_at=row.created_at,
        due_at=row.due_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        attempts=row.attempt,
        tries=row.tries,
        held_by=row.held_by or "",
        held_at=row.held_at,
        tripped_until=until,
        cancel_request=row.cancel_request or "",
        is_answered=row.answer is not None or row.state == TurnState.ANSWERED,
        model=paid.model if paid else "",
        tokens=paid.prompt_tokens + paid.completion_tokens if paid else 0,
        credits=_usd(paid) if paid else None,
        tools=tools,
        shown=gone.count(False),
        lease_until=row.lease_until,
        conversation_id=row.conversation_id,
        person_id=row.person_id,
        added=[each.created_at for each in said[1:]],
        calls=(await connection.execute(calls_query(row))).scalars().all(),
        failed_calls=[FailedCall(*each) for each in await connection.execute(failed_query(row))],
        deeds=[Deed(*each) for each in await connection.execute(deeds_query(row))],
        gone=gone.count(True),
        generation=row.generation,
        replaced_by=row.replaced_by,
        replaces=await connection.scalar(replaced_query(row)),
        provider=(paid.provider or "") if paid else "",
    )


def calls_query(row: Any) -> Select[Any]:
    """Calls are found by their time: of one turn they lie between its beginning and its end."""
    made = (calls.c.turn_id == row.id) & calls.c.sent & (calls.c.at >= row.created_at)
    if row.ended_at is not None:
        made &= calls.c.at <= row.ended_at
    return select(calls.c.at).where(made).order_by(calls.c.at).limit(MOST_STEPS)


def failed_query(row: Any) -> Select[Any]:
    """What failed of them."""
    own = failures.c["at", "breaker", "kind"]
    return select(*own).where(failures.c.turn_id == row.id).order_by(failures.c.id).limit(MOST_STEPS)


def deeds_query(row: Any) -> Select[Any]:
    """What operators did: entries about a turn are entries about its author."""
    about = (audit_log.c.identity_id == row.identity_id) & audit_log.c.identity_id.is_not(None)
    which = (audit_log.c.turn_id == row.id) & audit_log.c.action.in_([AuditAction.RETRY, AuditAction.DROP])
    query = select(*audit_log.c["at", "action", "actor"]).where(
        about, which, audit_log.c.at >= row.created_at
    )
    return query.order_by(audit_log.c.at).limit(MOST_STEPS)


def replaced_query(row: Any) -> Select[Any]:
    """An earlier turn of the same conversation, in whose place it answers."""
    earlier = (turns.c.conversation_id == row.conversation_id) & (turns.c.id < row.id)
    return (
        select(turns.c.id).where(earlier, turns.c.replaced_by == row.id).order_by(turns.c.id.desc()).limit(1)
    )
