"""Working stand-ins for what the core asks of the world: they keep state and show what is visible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import count

from aivax_bots import Button, Delivery, Fenced, OutcomeUnknown, PlaceClosed, PlatformBusy, PlatformError
from aivax_bots.testing.clock import FakeClock

Hook = Callable[[str], Awaitable[None]]
"""Awaited at every instant at which a process may die, with the name of that instant."""


async def _nothing(_: str) -> None:
    pass


# A place with messages that can be edited


class Fault(Enum):
    """What may happen to one call."""

    BUSY = "nothing done, try again"
    LOST = "connection broke, nothing done"
    DONE_UNHEARD = "connection broke, but it was done"
    CLOSED = "the place takes no messages"


@dataclass(slots=True)
class FakeMessage:
    id: str
    nonce: str
    text: str
    deleted: bool = False
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that reached the platform."""

    at: float
    name: str
    text: str = ""


@dataclass
class FakeChannel:
    """An `EditableChannel` that behaves like a platform: two creates make two messages, whatever their nonce."""

    clock: FakeClock
    max_size: int = 2000
    edit_interval_s: float = 1.0
    size_of: Callable[[str], int] = len
    hook: Hook = _nothing
    can_find: bool = True
    sign: bool = False
    """Whether it says that an answer is under way: until a post, or until it is taken away."""
    messages: list[FakeMessage] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    seen: list[tuple[str, ...]] = field(default_factory=list)
    """What was visible after each change."""
    faults: list[tuple[str, Fault | PlatformError]] = field(default_factory=list)
    """What happens next, each to the next call of that name."""

    @property
    def visible(self) -> list[str]:
        return [message.text for message in self.messages if not message.deleted]

    def times(self, *names: str) -> list[float]:
        return [call.at for call in self.calls if call.name in names]

    def size(self, text: str) -> int:
        return self.size_of(text)

    async def working(self) -> None:
        await self._do("working", "", lambda: self._show(sign=True))

    async def rested(self) -> None:
        await self._do("rested", "", lambda: self._show(sign=False))

    @property
    def buttons(self) -> list[Button]:
        """What can be pressed, from the first message to the last."""
        return [button for message in self.messages if not message.deleted for button in message.buttons]

    async def post(self, text: str, delivery: Delivery, buttons: Sequence[Button] = ()) -> str:
        message = FakeMessage("", delivery.nonce, text, buttons=tuple(buttons))

        def create() -> None:
            message.id = str(100 + len(self.messages))
            self.messages.append(message)
            self._show(sign=False)

        await self._do("post", text, create)
        return message.id

    async def edit(self, message_id: str, text: str, buttons: Sequence[Button] = ()) -> None:
        def change() -> None:
            message = self._get(message_id)
            message.text, message.buttons = text, tuple(buttons)

        await self._do("edit", text, change)

    async def delete(self, message_id: str) -> None:
        def remove() -> None:
            self._get(message_id).deleted = True

        await self._do("delete", "", remove)

    async def find(self, delivery: Delivery, text: str) -> str | None:
        found: list[str] = []

        def look() -> None:
            found.extend(m.id for m in self.messages if m.nonce == delivery.nonce and not m.deleted)

        await self._do("find", text, look)
        return found[0] if found and self.can_find else None

    def _show(self, *, sign: bool) -> None:
        self.sign = sign

    def _get(self, message_id: str) -> FakeMessage:
        message = next((m for m in self.messages if m.id == message_id and not m.deleted), None)
        if message is None:
            raise PlaceClosed("fake", code="unknown_message")
        return message

    async def _do(self, name: str, text: str, act: Callable[[], None]) -> None:
        await self.hook(f"before {name}")
        assert self.size(text) <= self.max_size, "a platform would refuse this"
        assert text.strip() or name not in ("post", "edit"), "a platform would refuse this"
        self.calls.append(Call(self.clock.now(), name, text))
        fault = self._fault_of(name)
        if isinstance(fault, PlatformError):
            raise fault
        if fault is Fault.BUSY:
            raise PlatformBusy("fake")
        if fault is Fault.LOST:
            raise OutcomeUnknown("fake")
        if fault is Fault.CLOSED:
            raise PlaceClosed("fake", code="archived")
        act()
        self.seen.append(tuple(self.visible))
        await self.hook(f"after {name}")
        if fault is Fault.DONE_UNHEARD:
            raise OutcomeUnknown("fake")

    def _fault_of(self, name: str) -> Fault | PlatformError | None:
        at = next((at for at, (call, _) in enumerate(self.faults) if call == name), None)
        return None if at is None else self.faults.pop(at)[1]


# The memory of an answer


_NONCES = count(1)
"""Each names one message alone, whatever ledger it is of: a platform may know them again."""


@dataclass
class _Book:
    """What is stored: it outlives every attempt."""

    attempt: int = 1
    generation: int = 1
    spoiled: bool = False
    """Whether the answer is to be shown once more."""
    rows: dict[int, Delivery] = field(default_factory=dict)


class FakeLedger:
    """A `Ledger` in memory. `reopened` is the next attempt's; from then on this one is fenced."""

    def __init__(self, book: _Book | None = None, *, hook: Hook = _nothing) -> None:
        self._book = book or _Book()
        self._attempt = self._book.attempt
        self._hook = hook
        self.generation = self._book.generation
        self.earlier: Sequence[Delivery] = tuple(row for _, row in sorted(self._book.rows.items()))

    @property
    def resumed(self) -> bool:
        return self._attempt > 1

    @property
    def again(self) -> bool:
        """Whether a late edit of a fenced attempt asks for the answer to be shown anew."""
        return self._book.spoiled

    @property
    def rows(self) -> list[Delivery]:
        """What is stored now."""
        return [row for _, row in sorted(self._book.rows.items())]

    def reopened(self, *, new_generation: bool = False, hook: Hook = _nothing) -> FakeLedger:
        self._book.attempt += 1
        self._book.generation += new_generation
        return FakeLedger(self._book, hook=hook)

    async def intend(self, part: int) -> Delivery:
        """A part that was forgotten gets a new nonce: platforms that know the old one would not create again."""
        await self._enter("intend")
        if part not in self._book.rows:
            nonce = f"n-{part}-{next(_NONCES)}"
            self._book.rows[part] = Delivery(part, nonce, "", 0, closed=False, generation=self.generation)
        await self._hook("after intend")
        return self._book.rows[part]

    async def posted(
        self, part: int, message_id: str, shown: int | None = None, *, closed: bool = False
    ) -> None:
        await self._enter("posted")
        row = replace(self._book.rows[part], message_id=message_id)
        if shown is not None:
            row = replace(row, shown=shown, closed=closed, generation=self.generation)
        self._book.rows[part] = row
        await self._hook("after posted")

    async def shows(self, part: int, shown: int, *, closed: bool = False) -> None:
        await self._enter("shows")
        self._book.rows[part] = replace(
            self._book.rows[part], shown=shown, closed=closed, generation=self.generation
        )
        await self._hook("after shows")

    async def forget(self, part: int) -> None:
        await self._enter("forget")
        self._book.rows.pop(part, None)
        await self._hook("after forget")

    async def check(self) -> None:
        await self._enter("check")

    async def holds(self, message_id: str) -> bool:
        await self._hook("before holds")
        return any(row.message_id == message_id for row in self._book.rows.values())

    async def spoiled(self, message_id: str) -> None:
        await self._hook("before spoiled")
        for part, row in self._book.rows.items():
            if row.message_id == message_id:
                self._book.rows[part] = replace(row, closed=False)
                self._book.spoiled = True

    async def _enter(self, name: str) -> None:
        await self._hook(f"before {name}")
        if self._attempt != self._book.attempt:
            raise Fenced(1, self._attempt)
