"""Which turn of a conversation is next, and how its row becomes a `Turn`."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Row, ScalarSelect, Select, bindparam, exists, func, or_, select

from core.domain import Action, Administers, Author, CancelRequest, Identity, Place, Turn, TurnState
from core.storage.db import (
    breakers,
    conversations,
    identities,
    person_at_aivax,
    persons,
    place_models,
    reader_locale,
    talks_as_one,
    turns,
)


@cache
def next_turn() -> Select[Any]:
    """The running turn if there is one, else the oldest that waits; it stays as it is until the transaction ends.

    `conversation_id` is a parameter: SQLAlchemy takes longer to build this than the database to answer it. Found by
    the indexes on running and on queued turns: a long past, and a long line, cost nothing.
    """
    conversation_id: BindParameter[int] = bindparam("conversation_id")
    here = turns.alias("here")
    running = select(here.c.id).where(
        here.c.conversation_id == conversation_id, here.c.state == TurnState.RUNNING
    )
    oldest = select(func.min(here.c.id)).where(
        here.c.conversation_id == conversation_id, here.c.state == TurnState.QUEUED
    )
    behind = exists().where(
        here.c.conversation_id == conversation_id, here.c.state == TurnState.QUEUED, here.c.id > turns.c.id
    )
    return (
        select(
            turns,
            *conversations.c["platform", "channel", "thread", "private"],
            conversations.c.workspace.label("place_workspace"),
            *identities.c["workspace", "user", "name", "time_zone"],
            reader_locale().label("locale"),
            persons.c.key.label("person_key"),
            talks_as_one().label("talks_as_one"),
            behind.label("has_successor"),
            _running_of_person().label("person_runs"),
            _chosen_model().label("chosen_model"),
            exists().select_from(breakers).label("is_any_tripped"),
        )
        .select_from(turns)
        .join(conversations, turns.c.conversation_id == conversations.c.id)
        .join(identities, turns.c.identity_id == identities.c.id)
        .join(persons, persons.c.id == person_at_aivax())
        .where(turns.c.id == func.coalesce(running.scalar_subquery(), oldest.scalar_subquery()))
        .where(or_(turns.c.state == TurnState.QUEUED, turns.c.state == TurnState.RUNNING))
        .with_for_update(of=turns, key_share=True)
    )


def _running_of_person() -> ScalarSelect[int]:
    """How many turns of the same person run, in all their identities and in all processes."""
    theirs, running = identities.alias("theirs"), turns.alias("theirs_running")
    return (
        select(func.count())
        .select_from(running.join(theirs, running.c.identity_id == theirs.c.id))
        .where(running.c.state == TurnState.RUNNING, theirs.c.person_id == identities.c.person_id)
        .correlate(identities)
        .scalar_subquery()
    )


def _chosen_model() -> ScalarSelect[str]:
    names = ("platform", "workspace", "channel")
    here = (place_models.c[name] == conversations.c[name] for name in names)
    return select(place_models.c.model).where(*here).correlate(conversations).scalar_subquery()


def turn_of(row: Row[Any], *, attempt: int, tries: int, generation: int) -> Turn:
    return Turn(
        id=row.id,
        key=row.key,
        conversation_id=row.conversation_id,
        attempt=attempt,
        tries=tries,
        generation=generation,
        author=Author(
            Identity(row.platform, row.workspace, row.user),
            row.name,
            row.locale,
            time_zone=row.time_zone or "",
        ),
        person_key=row.person_key,
        place=Place(row.platform, row.place_workspace, row.channel, row.thread, row.private),
        address=row.address,
        notice=row.notice,
        offers=tuple(Action(each) for each in row.offers.split(",") if each),
        answer=row.answer,
        created_at=row.created_at,
        position_only_attempts=row.position_only_attempts,
        unbilled_attempts=row.unbilled_attempts,
        has_successor=row.has_successor,
        cancel_request=CancelRequest(row.cancel_request) if row.cancel_request else None,
        capability=row.capability or "",
        takes_back=row.takes_back,
        administers=Administers(row.administers or ""),
        chosen_model=row.chosen_model or "",
        is_any_tripped=row.is_any_tripped,
        talks_as_one=row.talks_as_one,
        due_since=max(row.due_at, row.started_at) if row.started_at is not None else None,
    )
