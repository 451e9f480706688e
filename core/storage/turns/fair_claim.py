"""Statements about turns that wait for a call, built once: to build one takes longer than to run it.

Their parameters: `now`, `lately` and `counted` (moments), `platforms`, `most`, `person_running`, `roomless` (ids
of turns); for each window `since_0`, `share_0` and so on.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Delete,
    Insert,
    Integer,
    Select,
    Subquery,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    union_all,
    update,
)

from core.domain import CancelRequest, TurnState
from core.storage.db import Id, Instant, calls, conversations, identities, turns

ALL = 2**31 - 1
"""For `most` and `person_running`: no bound."""
ENDING = tuple(cancel_request for cancel_request in CancelRequest if cancel_request.ends_answer)
WORKSPACE = conversations.c.platform + ":" + conversations.c.workspace


@cache
def conversations_with_work() -> Select[Any]:
    """Conversations whose next turn is due and would be given out, those that wait longest first."""
    heads = _heads().where(_needs_no_call() | _may_run())
    return heads.with_only_columns(turns.c.conversation_id).order_by(turns.c.id)


@cache
def ready() -> Select[Any]:
    """Turns that need no call, the oldest first."""
    heads = _heads().where(_needs_no_call())
    return heads.order_by(turns.c.id).limit(bindparam("most", type_=Integer))


@cache
def fairest(windows: int) -> Select[Any]:
    """Turns that need a call, in the order of their share.

    Those are left out whose person had their share of a window, or runs as many as one person may, or whose files
    have no room.
    """
    asked = _heads().where(~_needs_no_call(), _may_run())
    heads = asked.where(*(identities.c.person_id.not_in(_over_share(at)) for at in range(windows))).subquery()
    workspace, person = _last(calls.c.workspace), _last(calls.c.person_id)
    return (
        select(heads)
        .outerjoin(workspace, workspace.c.key == heads.c.workspace)
        .outerjoin(person, person.c.key == heads.c.person_id)
        .order_by(func.coalesce(workspace.c.last, 0), func.coalesce(person.c.last, 0), heads.c.turn_id)
        .limit(bindparam("most", type_=Integer))
    )


@cache
def counted() -> Select[Any]:
    """Calls that count: made since, or promised. One statement: between two a promise could become a call."""
    counting = _counting("counted")
    return select(counting.c.at, counting.c.sent)


@cache
def last_of_workspaces() -> Select[Any]:
    """When each workspace was last served: the number of the call."""
    return _last(calls.c.workspace).select()


@cache
def last_of_persons() -> Select[Any]:
    """When each person was last served: the number of the call."""
    return _last(calls.c.person_id).select()


@cache
def sending() -> Update:
    """Date the call that was promised to the turn `turn`."""
    promised = update(calls).where(calls.c.turn_id == bindparam("turn", type_=Id), _is_promise())
    return promised.values(sent=True, at=bindparam("now", type_=Instant()))


@cache
def unpromised() -> Delete:
    """Take back the call that was promised to the turn `turn` in an attempt before."""
    return delete(calls).where(calls.c.turn_id == bindparam("turn", type_=Id), ~calls.c.sent)


@cache
def taking() -> Insert:
    """Take a call for the turn `turn`, at `now`: `is_sent`, or only promised."""
    row = (
        select(
            turns.c.id,
            WORKSPACE,
            identities.c.person_id,
            bindparam("now", type_=Instant()),
            bindparam("is_sent", type_=Boolean),
        )
        .select_from(turns.join(conversations).join(identities, turns.c.identity_id == identities.c.id))
        .where(turns.c.id == bindparam("turn", type_=Id))
    )
    return insert(calls).from_select(["turn_id", "workspace", "person_id", "at", "sent"], row)


def _heads() -> Select[Any]:
    """The next turn of each conversation that runs none, where it is due."""
    first = (
        select(func.min(turns.c.id).label("id"))
        .where(turns.c.state == TurnState.QUEUED)
        .group_by(turns.c.conversation_id)
        .subquery()
    )
    running = turns.alias("running")
    busy = exists().where(
        (running.c.conversation_id == turns.c.conversation_id) & (running.c.state == TurnState.RUNNING)
    )
    return (
        select(
            turns.c.id.label("turn_id"),
            turns.c.conversation_id,
            WORKSPACE.label("workspace"),
            identities.c.person_id,
            turns.c.due_at.label("since"),
            turns.c.position_told,
        )
        .select_from(
            turns.join(first, turns.c.id == first.c.id)
            .join(conversations, turns.c.conversation_id == conversations.c.id)
            .join(identities, turns.c.identity_id == identities.c.id)
        )
        .where(turns.c.due_at <= bindparam("now", type_=Instant()), ~busy)
        .where(conversations.c.platform.in_(bindparam("platforms", expanding=True)))
    )


def _needs_no_call() -> ColumnElement[bool]:
    """Whether the answer is there, or nobody wants it any more, so that it is only closed on the screen."""
    return turns.c.answer.is_not(None) | func.coalesce(turns.c.cancel_request, "").in_([*ENDING])


def _may_run() -> ColumnElement[bool]:
    """Whether neither its person's bound nor the memory for files holds a question back."""
    has_room = turns.c.id.not_in(bindparam("roomless", expanding=True, type_=Id))
    return has_room & identities.c.person_id.not_in(_full())


def _full() -> Select[Any]:
    """The persons who run as many turns as one may, in all processes together.

    Begins with the running turns, which are few; grouped over a join, SQLite would begin with all identities.
    """
    theirs, running = identities.alias("theirs"), turns.alias("theirs_running")
    of = select(theirs.c.person_id).where(theirs.c.id == running.c.identity_id).scalar_subquery()
    persons = select(of.label("person_id")).where(running.c.state == TurnState.RUNNING).subquery()
    full = select(persons.c.person_id).where(persons.c.person_id.is_not(None)).group_by(persons.c.person_id)
    return full.having(func.count() >= bindparam("person_running", type_=Integer))


def _over_share(window: int) -> Select[Any]:
    """The persons who have had their share of a window."""
    counting = _counting(f"since_{window}")
    return (
        select(counting.c.person_id)
        .group_by(counting.c.person_id)
        .having(func.count() >= bindparam(f"share_{window}", type_=Integer))
    )


def _counting(since: str) -> Subquery:
    """The calls that count: each half has an index of its own, which an `OR` of both does not use."""
    kinds = (calls.c.sent & (calls.c.at > bindparam(since, type_=Instant())), _is_promise())
    made, promised = (select(calls.c.at, calls.c.sent, calls.c.person_id).where(each) for each in kinds)
    return union_all(made, promised).subquery()


def _last(column: ColumnElement[Any]) -> Subquery:
    lately = (calls.c.at > bindparam("lately", type_=Instant())) & (calls.c.sent | _is_promise())
    last = select(column.label("key"), func.max(calls.c.id).label("last"))
    return last.where(lately).group_by(column).subquery()


def _is_promise() -> ColumnElement[bool]:
    """Whether a call stands ready for a turn that runs."""
    promised = turns.alias("promised")
    runs = exists().where((promised.c.id == calls.c.turn_id) & (promised.c.state == TurnState.RUNNING))
    return ~calls.c.sent & runs.correlate(calls)
