"""Which turn of a conversation is next, and how its row becomes a `Turn`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, or_, select

from core.messages import Action, Author, Identity, Place
from core.storage.people import spoken_locale
from core.storage.tables import conversations, identities, persons, turns
from core.turns.model import Turn, TurnState


def next_turn(conversation_id: int) -> Select[Any]:
    """The running turn if there is one, else the oldest that waits."""
    return (
        select(
            turns,
            *conversations.c["platform", "channel", "thread", "private"],
            conversations.c.workspace.label("place_workspace"),
            *identities.c["workspace", "user", "name"],
            spoken_locale().label("locale"),
            persons.c.key.label("person_key"),
        )
        .select_from(turns)
        .join(conversations, turns.c.conversation_id == conversations.c.id)
        .join(identities, turns.c.identity_id == identities.c.id)
        .join(persons, identities.c.person_id == persons.c.id)
        .where(turns.c.conversation_id == conversation_id)
        .where(or_(turns.c.state == TurnState.QUEUED, turns.c.state == TurnState.RUNNING))
        .order_by((turns.c.state == TurnState.RUNNING).desc(), turns.c.id)
        .limit(1)
    )


def turn_of(row: Row[Any], *, attempt: int, tries: int, generation: int) -> Turn:
    return Turn(
        id=row.id,
        key=row.key,
        conversation_id=row.conversation_id,
        attempt=attempt,
        tries=tries,
        generation=generation,
        author=Author(Identity(row.platform, row.workspace, row.user), row.name, row.locale),
        person_key=row.person_key,
        place=Place(row.platform, row.place_workspace, row.channel, row.thread, row.private),
        address=row.address,
        notice=row.notice,
        offers=tuple(Action(each) for each in row.offers.split(",") if each),
        answer=row.answer,
        created_at=row.created_at,
        announced=row.announced,
        unpaid=row.unpaid,
    )
