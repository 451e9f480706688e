"""A press of a button below a waiting question: what it changes, and the sentence that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from core.messages import Action
from core.reply.phrases import Phrase
from core.storage.parked import Asked, ParkedTurns
from core.turns.model import TurnState

WAITING = (TurnState.PARKED, TurnState.QUEUED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a press."""

    phrase: Phrase | None
    """What is said; None where it was said before."""
    dropped: bool = False
    """Whether the question just ended, so that the sentence takes the place of what told of its waiting."""


async def press(parked: ParkedTurns, asked: Asked | None, identity_id: int, action: Action) -> Outcome:
    """Keep or drop a waiting turn; only its own author may."""
    if asked is None:
        return Outcome(Phrase.NOTHING_WAITS)
    if asked.identity_id != identity_id:
        return Outcome(Phrase.NOT_YOURS)
    match action:
        case Action.KEEP:
            return await _keep(parked, asked)
        case Action.DROP:
            return await _drop(parked, asked)


async def _keep(parked: ParkedTurns, asked: Asked) -> Outcome:
    if asked.state not in (*WAITING, TurnState.RUNNING):
        return Outcome(Phrase.NOTHING_WAITS)
    if asked.wish is Action.KEEP:
        return Outcome(None)
    await parked.wish(asked.id, Action.KEEP)
    return Outcome(Phrase.KEEP_DONE)


async def _drop(parked: ParkedTurns, asked: Asked) -> Outcome:
    if asked.state in WAITING:
        await parked.drop(asked.id)
        return Outcome(Phrase.DROP_DONE, dropped=True)
    if asked.state is not TurnState.RUNNING:
        return Outcome(None if asked.state is TurnState.CANCELLED else Phrase.NOTHING_WAITS)
    if asked.wish is Action.DROP:
        return Outcome(None)
    await parked.wish(asked.id, Action.DROP)
    return Outcome(Phrase.BEING_ANSWERED)
