"""A turn as the runner sees it, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from core.domain.capabilities import SUMMARISE
from core.domain.messages import Action, Attachment, Author, Place
from core.domain.places.admins import Administers


class TurnState(StrEnum):
    """What `turns.state` holds."""

    QUEUED = "queued"
    RUNNING = "running"
    HELD = "parked"
    """Stored under its old name: it stands in a check constraint, which SQLite changes by copying the table alone."""
    ANSWERED = "answered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


ENDED = (TurnState.ANSWERED, TurnState.FAILED, TurnState.CANCELLED, TurnState.SUPERSEDED)
"""Nothing more becomes of a turn in one of these."""


class CancelRequest(StrEnum):
    """What `turns.cancel_request` holds: what its author wants of a turn that has not ended."""

    KEEP = "keep"
    """It is still wanted, though it has to wait: its author said so."""
    DROP = "drop"
    """It is not to wait again."""
    STOP = "stop"
    """No more text."""
    INTERRUPT = "interrupt"
    """Likewise: something newer was said, whose answer sees what there is."""
    CHANGE = "change"
    """Likewise: the question was changed, and moved to another turn."""
    WITHDRAW = "withdraw"
    """Likewise: the question was deleted, or nobody can be answered there any more."""
    TAKE_BACK = "take_back"
    """Likewise: the answer is to be taken away, what shows of it too."""

    @property
    def ends_answer(self) -> bool:
        """Whether an answer under way is broken off."""
        return self not in (CancelRequest.KEEP, CancelRequest.DROP)

    @property
    def ends_delivery(self) -> bool:
        """Whether a whole answer that is being shown is broken off as well: newer words alone don't do that."""
        return self in (CancelRequest.STOP, CancelRequest.CHANGE) or self.forgets

    @property
    def forgets(self) -> bool:
        """Whether nothing of the answer is stored any more."""
        return self in (CancelRequest.WITHDRAW, CancelRequest.TAKE_BACK)


UNASKED = frozenset({"digest", SUMMARISE})
"""The capabilities that are carried out at a time of their own: nobody waits for those, so nobody is told to."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed turn: this process may run it, as attempt number `attempt`, until it is fenced."""

    id: int
    key: str
    """32 hexadecimal digits: idempotency key towards AIVAX, and root of the nonces of its posts."""
    conversation_id: int
    attempt: int
    tries: int
    generation: int
    author: Author
    person_key: str
    place: Place
    address: str
    notice: bool
    created_at: datetime
    answer: str | None
    """Known already when the bot speaks for itself, or when a crash came after the text was complete."""
    offers: tuple[Action, ...] = ()
    """The buttons below a notice."""
    unbilled_attempts: int = 0
    """How many attempts before this one were held before AIVAX answered: nothing was paid for them."""
    position_only_attempts: int = 0
    """How many attempts before this one only told its author their place in line."""
    has_successor: bool = False
    """Whether another turn of its conversation waited behind it when it was claimed."""
    cancel_request: CancelRequest | None = None
    """What its author wanted of it when it was claimed."""
    capability: str = ""
    """What it does in place of asking the model: the name of a `Capability`; `""`: it asks."""
    takes_back: int | None = None
    """The turn whose answer is taken away before this sentence tells so."""
    administers: Administers = Administers.NOTHING
    """What its author may set in the place, as far as the event told; kept for turns that ask for it."""
    chosen_model: str = ""
    """The gateway that an operator had chosen for its channel when it was claimed; `""`: none."""
    is_any_tripped: bool = True
    """Whether any circuit breaker was tripped when it was claimed, or may have been."""
    talks_as_one: bool = False
    """Whether its conversation goes on in those of its author's linked accounts."""
    due_since: datetime | None = None
    """Since when it might have been claimed; None: since it was created."""

    @property
    def waiting_since(self) -> datetime:
        """Since when it waited for a worker before this attempt."""
        return self.due_since or self.created_at

    @property
    def is_unasked(self) -> bool:
        """Whether nobody asked for it."""
        return self.capability in UNASKED

    @property
    def is_unseen(self) -> bool:
        """Whether it shows nothing anywhere: what is made beside the answers."""
        return self.capability == SUMMARISE

    @property
    def ended_by(self) -> CancelRequest | None:
        """What ended it before this attempt began, if anything did: it is only closed on the screen."""
        if self.cancel_request is None or self.notice:
            return None
        ends = self.cancel_request.ends_answer if self.answer is None else self.cancel_request.ends_delivery
        return self.cancel_request if ends else None


@dataclass(frozen=True, slots=True)
class Remembered:
    """One stored message of a conversation."""

    turn_id: int
    role: Literal["user", "assistant"]
    text: str
    author_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    origin: str = ""
    author: str = ""
    """The platform's id of who said it: it tells people of the same name apart."""
    is_elsewhere: bool = False
    """Whether it was said in another account of its author's, whose files only that platform can fetch."""
