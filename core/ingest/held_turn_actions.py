"""A press of a button: what it changes, and the sentence that answers it. Waiting turns are their author's alone."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.messages import Action
from core.domain.turn import CancelRequest, TurnState
from core.i18n.catalog import Phrase
from core.storage.turns.held_turns import Asked
from core.storage.turns.intake import IntakeTransaction

WAITING = (TurnState.HELD, TurnState.QUEUED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a press."""

    phrase: Phrase | None = None
    """What is said; None where it was said before, or shows by itself."""
    dropped: bool = False
    """Whether the question just ended, so that the sentence takes the place of what told of its waiting."""


async def keep(transaction: IntakeTransaction, asked: Asked) -> Outcome:
    """Say once that a waiting question is still wanted, and will be answered."""
    if asked.state not in (*WAITING, TurnState.RUNNING):
        return Outcome(Phrase.NOTHING_WAITS)
    if asked.cancel_request is CancelRequest.KEEP:
        return Outcome()
    await transaction.held_turns.cancel_request(asked.id, CancelRequest.KEEP)
    return Outcome(Phrase.KEEP_DONE)


async def drop(transaction: IntakeTransaction, asked: Asked) -> Outcome:
    """End a waiting question; one that is being tried does not wait again."""
    if asked.state in WAITING:
        await transaction.held_turns.drop(asked.id)
        return Outcome(Phrase.DROP_DONE, dropped=True)
    if asked.state is not TurnState.RUNNING:
        return Outcome(None if asked.state is TurnState.CANCELLED else Phrase.NOTHING_WAITS)
    if asked.cancel_request is CancelRequest.DROP:
        return Outcome()
    await transaction.held_turns.cancel_request(asked.id, CancelRequest.DROP)
    return Outcome(Phrase.BEING_ANSWERED)


async def stop(transaction: IntakeTransaction, asked: Asked) -> Outcome:
    """Break an answer off; that it is shows below it."""
    stopped = await transaction.changes.stop_turn(asked.id)
    if stopped.running_in:
        return Outcome()
    return Outcome(Phrase.STOP_DONE if stopped.turns else Phrase.STOP_NOTHING)


DECISIONS = {Action.KEEP: keep, Action.DROP: drop, Action.STOP: stop}
"""What only who asked may decide, and how."""
