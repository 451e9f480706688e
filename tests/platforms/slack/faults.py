"""What goes wrong on demand, method by method."""

import asyncio
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Fault:
    """One way of going wrong, for the next `times` calls of a method (None: for all that come)."""

    method: str
    kind: str  # "error" | "status" | "lose" | "hang"
    times: int | None = 1
    skip: int = 0  # calls that pass first
    team_id: str | None = None
    about: str = ""  # only calls that hold these words
    error: str = ""
    beside: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_work: bool = False  # "hang": the work is done before it
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Lets the calls that hang go on."""
        self.released.set()


class Faults:
    """The faults that are armed."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._hanging: list[Fault] = []

    def arm(self, fault: Fault) -> Fault:
        self._armed.append(fault)
        return fault

    def heal(self, method: str | None = None) -> None:
        """Disarms the faults of a method, or all, and releases what hangs by them."""
        for fault in [*self._armed, *self._hanging]:
            if method in (None, fault.method):
                fault.release()
        self._armed = [fault for fault in self._armed if method not in (None, fault.method)]

    def next_for(self, method: str, team_id: str | None, said: str = "") -> Fault | None:
        """Takes the fault that this call meets, if any."""
        for fault in self._armed:
            if fault.method == method and fault.team_id in (None, team_id) and fault.about in said:
                if fault.skip:
                    fault.skip -= 1
                    return None
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.kind == "hang":
            self._hanging.append(fault)
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._armed.remove(fault)
