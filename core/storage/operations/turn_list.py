"""Turns as operators look at them: which there are, and what is kept of one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from core.domain import TurnState
from core.storage.db import Database, conversations, identities, messages, turns


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which turns to list."""

    states: Collection[TurnState]
    platform: str = ""
    """`""`: all of them."""
    before: datetime | None = None
    """Only what was stored before that moment."""
    most: int = 50
    """The newest so many."""


@dataclass(frozen=True, slots=True)
class ListedTurn:
    """One turn in a list: ids and times, no words."""

    id: int
    state: TurnState
    platform: str
    workspace: str
    channel: str
    user: str
    """The platform's id of who asked."""
    what: str
    """`question`, `notice`, or the capability's name."""
    created_at: datetime
    due_at: datetime
    attempts: int
    held_by: str
    failure: str
    reference: str


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """What is stored of one message of a turn."""

    role: str
    text: str
    files: Sequence[str]
    """Their names."""
    at: datetime


async def list_turns(database: Database, wanted: Wanted) -> tuple[Sequence[ListedTurn], int]:
    """The newest of the turns that are wanted, oldest first, and how many there are in all."""
    which: ColumnElement[bool] = turns.c.state.in_([*wanted.states])
    if wanted.platform:
        which &= conversations.c.platform == wanted.platform
    if wanted.before is not None:
        which &= turns.c.created_at < wanted.before
    joined = turns.join(conversations, turns.c.conversation_id == conversations.c.id)
    query = (
        select(turns, *conversations.c["platform", "channel"], conversations.c.workspace.label("here"))
        .add_columns(identities.c.user)
        .select_from(joined.join(identities, turns.c.identity_id == identities.c.id))
        .where(which)
    )
    count = select(func.count()).select_from(joined).where(which)
    async with database.read(many_rows=True) as connection:
        found = (await connection.execute(query.order_by(turns.c.id.desc()).limit(wanted.most))).all()
        in_all = int((await connection.execute(count)).scalar_one())
    listed = [
        ListedTurn(
            id=row.id,
            state=TurnState(row.state),
            platform=row.platform,
            workspace=row.here,
            channel=row.channel,
            user=row.user,
            what="notice" if row.notice else row.capability or "question",
            created_at=row.created_at,
            due_at=row.due_at,
            attempts=row.attempt,
            held_by=row.held_by or "",
            failure=row.failure or "",
            reference=row.reference or "",
        )
        for row in reversed(found)
    ]
    return listed, in_all


async def kept_of(database: Database, turn_id: int) -> Sequence[KeptMessage]:
    """What is stored of what was asked and answered, in the order of saying.

    A whole answer is told as it is to be shown, also where it is none that the model remembers.
    """
    asked = select(messages).where(messages.c.turn_id == turn_id, messages.c.role == "user")
    answer = select(turns.c.answer, turns.c.ended_at, turns.c.created_at).where(turns.c.id == turn_id)
    async with database.read(many_rows=True) as connection:
        rows = (await connection.execute(asked.order_by(messages.c.id))).all()
        whole = (await connection.execute(answer)).one_or_none()
    kept = [
        KeptMessage("question", row.text, [each["name"] for each in row.attachments], row.created_at)
        for row in rows
    ]
    if whole is not None and whole.answer:
        kept.append(KeptMessage("answer", whole.answer, (), whole.ended_at or whole.created_at))
    return kept
