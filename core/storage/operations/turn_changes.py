"""What operators do to single turns: try one again, or take one out of the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.domain import ENDED, Cause, Place, TurnState
from core.domain.audit import Actor, AuditAction, AuditEntry
from core.storage.db import (
    Database,
    breakers,
    conversations,
    deliveries,
    identities,
    lock_conversations,
    reader_locale,
    turns,
)
from core.storage.operations.audit import record
from core.storage.rollups.counting import counted_anew
from core.storage.turns.intake import IntakeTransaction

_MOST_IDS = 2**63


class Outcome(StrEnum):
    """What became of what an operator wanted of a turn."""

    DONE = "done"
    UNKNOWN = "unknown"
    """There is no such turn."""
    WAITS = "waits"
    """It is in the line already."""
    RUNS = "runs"
    """It is being answered."""
    ENDED = "ended"
    """Nothing more becomes of it."""
    PAUSED = "paused"
    """The pause holds it: only its end has it answered."""
    EMPTIED = "emptied"
    """What was asked is no longer stored."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it, and where there is work now."""

    outcome: Outcome
    conversation_id: int | None = None


class TurnChanges:
    """Changes turns in one transaction each, as their authors' own presses do."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    async def retry(self, turn_id: int, by: Actor) -> Changed:
        """Have a failed, held or delayed turn tried again now.

        A failed one whose answer is stored is delivered again; of another the question is asked once more, as a turn
        of its own. A held one becomes its breaker's next probe.
        """
        async with self._database.write() as connection:
            row = await _locked(connection, turn_id)
            if row is None:
                return Changed(Outcome.UNKNOWN)
            outcome = await self._retry(connection, row)
            return await self._changed(connection, row, outcome, by, AuditAction.RETRY)

    async def drop(self, turn_id: int, sentence: Callable[[str, Place], str], by: Actor) -> Changed:
        """End a turn that waits; its author is told `sentence`, for their locale and place."""
        async with self._database.write() as connection:
            row = await _locked(connection, turn_id)
            if row is None:
                return Changed(Outcome.UNKNOWN)
            outcome = await self._drop(connection, row, sentence)
            return await self._changed(connection, row, outcome, by, AuditAction.DROP)

    async def _retry(self, connection: AsyncConnection, row: Row[Any]) -> Outcome:
        match TurnState(row.state):
            case TurnState.RUNNING:
                return Outcome.RUNS
            case TurnState.HELD if row.held_by == Cause.PAUSE:
                return Outcome.PAUSED
            case TurnState.HELD:
                await self._probe(connection, row.held_by)
                await self._queue(connection, row.id)
                stands = update(deliveries).where(deliveries.c.turn_id == row.id)
                await connection.execute(stands.values(gone=True))  # the answer is a message of its own
                return Outcome.DONE
            case TurnState.QUEUED if row.due_at > self._now():
                await self._queue(connection, row.id)
                return Outcome.DONE
            case TurnState.QUEUED:
                return Outcome.WAITS
            case TurnState.FAILED if row.replaced_by is None:
                return await self._after_failure(connection, row)
            case _:
                return Outcome.ENDED

    async def _after_failure(self, connection: AsyncConnection, row: Row[Any]) -> Outcome:
        if not row.address:
            return Outcome.EMPTIED
        if row.answer:
            async with counted_anew(connection, row.id):
                await self._queue(connection, row.id, tries=0, ended_at=None, failure=None)
            return Outcome.DONE
        transaction = IntakeTransaction(connection, self._now())
        questions = await transaction.changes.question_of(row.id)
        if not any(each.text or each.attachments for each in questions):
            return Outcome.EMPTIED
        here, author = row.conversation_id, row.identity_id
        successor = await transaction.add_turn(here, author, row.address, capability=row.capability or "")
        for each in questions:
            await transaction.add_message(
                *(here, successor, author), text=each.text, attachments=each.attachments, origin=each.origin
            )
        await transaction.changes.replace(row.id, successor)
        return Outcome.DONE

    async def _drop(
        self, connection: AsyncConnection, row: Row[Any], sentence: Callable[[str, Place], str]
    ) -> Outcome:
        state = TurnState(row.state)
        if state is TurnState.RUNNING:
            return Outcome.RUNS
        if state in ENDED:
            return Outcome.ENDED
        transaction = IntakeTransaction(connection, self._now())
        await transaction.held_turns.drop(row.id)
        if not row.notice and row.address:
            place = Place(row.platform, row.place_workspace, row.channel, row.thread, row.private)
            told = sentence(row.locale, place)
            notice = await transaction.add_turn(
                row.conversation_id, row.identity_id, row.address, notice=told
            )
            await transaction.held_turns.hand_over(row.id, notice)
        return Outcome.DONE

    async def _queue(self, connection: AsyncConnection, turn_id: int, **more: object) -> None:
        again = update(turns).where(turns.c.id == turn_id)
        await connection.execute(again.values(state=TurnState.QUEUED, due_at=self._now(), **more))

    async def _probe(self, connection: AsyncConnection, breaker: str) -> None:
        """Let the breaker have a probe now, unless one is under way."""
        idle = update(breakers).where(breakers.c.name == breaker, breakers.c.probe_turn.is_(None))
        await connection.execute(idle.values(retry_at=self._now()))

    async def _changed(
        self, connection: AsyncConnection, row: Row[Any], outcome: Outcome, by: Actor, action: AuditAction
    ) -> Changed:
        if outcome is not Outcome.DONE:
            return Changed(outcome)
        entry = AuditEntry(by, action, turn=row.id, identity=row.identity_id)
        await record(connection, self._now(), entry)
        await IntakeTransaction(connection, self._now()).announce(row.conversation_id, row.platform)
        return Changed(outcome, row.conversation_id)


async def _locked(connection: AsyncConnection, turn_id: int) -> Row[Any] | None:
    """The turn, which stays as it is until the transaction ends; its conversation is locked before it."""
    if not 0 < turn_id < _MOST_IDS:
        return None
    places = conversations.c["platform", "channel", "thread", "private"]
    workspace = conversations.c.workspace.label("place_workspace")
    query = (
        select(turns, *places, workspace, reader_locale().label("locale"))
        .join(conversations, turns.c.conversation_id == conversations.c.id)
        .join(identities, turns.c.identity_id == identities.c.id)
        .where(turns.c.id == turn_id)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return None
    await lock_conversations(connection, conversations.c.id == found.conversation_id)
    row: Row[Any] | None = (
        await connection.execute(query.with_for_update(of=turns, key_share=True))
    ).one_or_none()
    return row
