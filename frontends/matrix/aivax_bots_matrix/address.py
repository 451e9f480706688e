"""Where an answer goes: a room, a thread in it, the question, and what the question replies to."""

from __future__ import annotations

import json
from dataclasses import dataclass

from aivax_bots import Place
from aivax_bots_matrix import NAME

MAIN = "main"
"""What Matrix itself calls a room's own timeline, beside its threads. A place that only two read has no such name, so
that what was said there is no conversation of all once a third one joins."""
ALONE = "alone-"


@dataclass(frozen=True, slots=True)
class Address:
    """An opaque string to the core."""

    room: str
    thread: str = ""
    """The event that the thread of the answer hangs on; `""`: the room's own timeline."""
    question: str = ""
    replied_to: str = ""
    private: bool = False

    def __str__(self) -> str:
        given = [self.room, self.thread, self.question, self.replied_to, "1" if self.private else ""]
        while not given[-1]:
            given.pop()
        return json.dumps(given, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read it; a room's id alone will do, as an operator writes it."""
        if not text.startswith("["):
            return cls(text)
        room, thread, question, replied_to, private = (*json.loads(text), "", "", "", "")[:5]
        return cls(room, thread, question, replied_to, bool(private))

    @property
    def place(self) -> Place:
        """The core's name for it."""
        alone = f"{ALONE}{self.thread}" if self.thread else ""
        return Place(NAME, "", self.room, alone if self.private else self.thread or MAIN, self.private)
