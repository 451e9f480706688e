"""Gathers all that the sandbox remembers: account, people, the faults to come, the calls that came, and its pace."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from sandbox.account import Account
from sandbox.administration.gateways import Gateways
from sandbox.batch.work import Batches
from sandbox.calls import CallLog
from sandbox.faults import Fault, FaultQueues
from sandbox.hooks.config import Hooks, Memory
from sandbox.knowledge.desk import Knowledge
from sandbox.media import MediaWindows
from sandbox.personal.records import Records
from sandbox.personal.routes import Personal
from sandbox.plans import MODELS, Model, PlanName
from sandbox.shapes import USUAL, Shapes

Clock = Callable[[], float]
Address = tuple[str, int] | None
PING_INTERVAL_S = 15.0


def _cannot_drop(_client: Address) -> None:
    raise ConnectionResetError("Only a real server can drop a connection.")


@dataclass(slots=True)
class State:
    """The sandbox between two requests. `tokens_per_s` of 0 means as fast as it goes."""

    account: Account
    faults: FaultQueues
    calls: CallLog
    clock: Clock
    personal: Personal
    tokens_per_s: float = 0.0
    ping_interval_s: float = PING_INTERVAL_S
    ping: Literal["comment", "empty"] = "comment"
    models: tuple[Model, ...] = MODELS
    shapes: Shapes = USUAL
    batches: Batches = field(init=False)
    knowledge: Knowledge = field(default_factory=Knowledge)
    media: MediaWindows = field(default_factory=MediaWindows)
    hooks: Hooks = field(default_factory=Hooks)
    memory: Memory = field(default_factory=Memory)
    gateways: Gateways = field(default_factory=Gateways)
    drop: Callable[[Address], None] = _cannot_drop
    """Closes the connection of a client; the server puts its own in here."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.batches = Batches(self.account)


def new_state(
    *,
    balance: float = 5.00,
    plan: PlanName = "free",
    tokens_per_s: float = 0.0,
    ping_interval_s: float = PING_INTERVAL_S,
    ping: Literal["comment", "empty"] = "comment",
    faults: Iterable[Fault] = (),
    models: tuple[Model, ...] = MODELS,
    shapes: Shapes = USUAL,
    clock: Clock = time.time,
) -> State:
    """Makes a fresh state. `balance` is in USD, `clock` gives seconds since the epoch."""
    account = Account(balance_usd=balance, plan=plan, clock=clock)
    return State(
        account=account,
        personal=Personal(Records(clock, lambda: account.plan.name)),
        faults=FaultQueues(tuple(faults)),
        calls=CallLog(),
        clock=clock,
        tokens_per_s=tokens_per_s,
        ping_interval_s=ping_interval_s,
        ping=ping,
        models=models,
        shapes=shapes,
    )
