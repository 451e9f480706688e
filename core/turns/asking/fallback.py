"""The model that answers in another's place: while that one is out of reach, or costs more than it may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from core.admission.admission import RetryAlone
from core.admission.spending.caps import Closed, SpendCaps
from core.conversations.composer import Composed
from core.conversations.routes import Routes
from core.domain import AivaxError, Cause, Place, Tripped, Turn, Unanswerable
from core.i18n import Phrase, PlacesPhrase
from core.markdown.literal import code
from core.storage.spending import SpendingStore
from core.turns.answer import Answer
from core.util.log import log

HeldBy = Tripped | RetryAlone
Ask = Callable[[Answer, Composed], Awaitable[HeldBy | None]]
"""Asks the model that a request names, and writes what it says."""


class Fallback:
    """Has a question answered by another model than its own where that is configured and called for."""

    def __init__(
        self,
        routes: Routes,
        caps: SpendCaps,
        spending: SpendingStore,
        now: Callable[[], datetime],
        newly_gone: Callable[[Place], Awaitable[str]],
    ) -> None:
        """`newly_gone` tells, once, which gateway that admins chose for a place is offered no more; `""`: none."""
        self._newly_gone = newly_gone
        self._routes = routes
        self._caps = caps
        self._spending = spending
        self._now = now

    async def ask(self, answer: Answer, composed: Composed, ask: Ask) -> HeldBy | None:
        """Ask what may be asked for the money that is left: the turn's own model, the other one, or none.

        A capability was judged when it was taken in, and goes on.
        """
        turn = answer.turn
        if gone := await self._newly_gone(turn.place):
            answer.notes.append(answer.translator.say(PlacesPhrase.PLACE_GATEWAY_GONE, gateway=code(gone)))
        closed = await self._closed(turn)
        if closed is not None and self._answers_at_cap(turn):
            closed = None if turn.capability else await self._closed(turn, to_other=True)
            if closed is None:
                composed = self._put_to_other(answer, composed, Phrase.FALLBACK_CAP)
        if closed is not None and not turn.capability:
            await answer.speak(closed.sentence(answer.translator))
            return None
        return await self._ask_in_turn(answer, composed, ask)

    def instead_of(self, turn: Turn, failure: HeldBy | AivaxError | None) -> str:
        """The model to ask after a failure; `""` where it would meet the same, or where nothing failed for good.

        An outage and a cap on the use of one model are that model's own. Balance, storage, the key and a rate limit
        are the account's: they hold for every model of it.
        """
        match failure:
            case Tripped(breaker=breaker, told=told):
                is_its_own = breaker.cause is Cause.OUTAGE or (breaker.cause is Cause.RATE and bool(told))
            case Unanswerable():  # nobody else was there to tell an outage from a question's own fault
                is_its_own = True
            case _:
                is_its_own = False
        return self._other_model(turn) if is_its_own else ""

    async def _ask_in_turn(self, answer: Answer, composed: Composed, ask: Ask) -> HeldBy | None:
        """Ask one model, and where it is out of reach the other. Where that says nothing, the first failure stands."""
        failure = await _failure_of(answer, composed, ask)
        other = self.instead_of(answer.turn, failure)
        if other and other != composed.request.model:
            notes = list(answer.notes)
            asked = self._put_to_other(answer, composed, Phrase.FALLBACK_OUTAGE)
            if await _failure_of(answer, asked, ask) is None:
                return None
            answer.notes = notes
        if isinstance(failure, AivaxError):
            raise failure
        return failure

    def _put_to_other(self, answer: Answer, composed: Composed, why: Phrase) -> Composed:
        """The question as the other model is asked it; the answer says so below."""
        model = self._other_model(answer.turn)
        log.info("turn.falls_back", model=model, why=why.key)
        note = answer.translator.say(why, model=model)
        if note not in answer.notes:  # a capability may ask more than once
            answer.notes.append(note)
        return composed.asking(model)

    async def _closed(self, turn: Turn, *, to_other: bool = False) -> Closed | None:
        """The cap on money that keeps the turn's own model from being asked, or the other one."""
        if not self._caps.are_set:
            return None
        async with self._spending.read(self._caps.price) as spending:
            asker = await spending.identity_of(turn.id)
            return await self._caps.closed_to_call(
                spending,
                self._now(),
                asker,
                turn.place,
                turn.id,
                falls_back=self._answers_at_cap(turn),
                to_other=to_other,
            )

    def _answers_at_cap(self, turn: Turn) -> bool:
        return self._caps.fall_back and bool(self._other_model(turn))

    def _other_model(self, turn: Turn) -> str:
        """The other model of the turn's place; `""`: none."""
        chosen = self._routes.of(turn.place)
        own = turn.chosen_model or chosen.model
        return chosen.fallback_model if chosen.fallback_model != own else ""


async def _failure_of(answer: Answer, composed: Composed, ask: Ask) -> HeldBy | AivaxError | None:
    """Ask; what kept any text from coming, None where it came. Raises what broke an answer off."""
    try:
        return await ask(answer, composed)
    except AivaxError as error:
        if answer.text or answer.files:
            raise
        return error
