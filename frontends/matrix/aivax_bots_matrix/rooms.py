"""What the bot knows of its rooms: who is there alone with it, how people are called, its own messages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from mautrix.api import Path

from aivax_bots import PlatformError
from aivax_bots_matrix.events import Here, Json, part, text
from aivax_bots_matrix.wire import Wire

MOST_ROOMS, MOST_NAMES, MOST_OWN = 2_000, 5_000, 5_000
TWO = 2
_PRIVATE_ENTRANCES = frozenset({"", "invite", "private"})


class Recent(OrderedDict[str, str]):
    """The newest entries; the oldest are forgotten."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: str, value: str = "") -> None:
        """Keep it as the newest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


@dataclass(slots=True)
class Known:
    """One room."""

    members: int
    """Who is there or invited."""
    closed: bool
    """Whether nobody enters or reads along without being invited."""


@dataclass(slots=True)
class Rooms:
    """Asked for once, then kept by what the homeserver tells of changes."""

    wire: Wire
    own: Recent = field(default_factory=lambda: Recent(MOST_OWN))
    threads: Recent = field(default_factory=lambda: Recent(MOST_OWN))
    _known: OrderedDict[str, Known] = field(default_factory=OrderedDict)
    _names: Recent = field(default_factory=lambda: Recent(MOST_NAMES))

    def learn(self, room: str, told: Json) -> None:
        """Read a room's part of a sync: its state, those who spoke, and how many are there."""
        events = [*events_in(part(told, "state")), *events_in(part(told, "timeline"))]
        for event in events:
            if event.get("type") == "m.room.member":
                name = text(part(event, "content"), "displayname")
                self._names.keep(f"{room} {event.get('state_key')}", name)
            elif event.get("type") in ("m.room.join_rules", "m.room.history_visibility"):
                self._known.pop(room, None)
        if any(event.get("type") == "m.room.member" for event in events) or part(told, "summary"):
            self._known.pop(room, None)

    async def here(self, room: str, *, afresh: bool = False) -> Here:
        """What `events` needs to know. `afresh`: as it is now, in a process that does not listen, too.

        Raises:
            PlatformError: the homeserver does not tell.
        """
        known = None if afresh else self._known.get(room)
        if known is None:
            known = self._known[room] = await self._look(room)
            if len(self._known) > MOST_ROOMS:
                self._known.popitem(last=False)
        return Here(room, known.members <= TWO and known.closed, self.own, self.threads)

    async def name(self, room: str, user: str) -> str:
        """How a room knows somebody; by their id where it tells nothing."""
        key = f"{room} {user}"
        if key not in self._names:
            try:
                told = await self.wire.get(Path.v3.rooms[room].state["m.room.member"][user])
            except PlatformError:
                told = {}
            self._names.keep(key, text(told, "displayname"))
        return self._names[key] or user[1:].partition(":")[0]

    async def _look(self, room: str) -> Known:
        here = Path.v3.rooms[room]
        told = await self.wire.get(here.members, {"not_membership": "leave"})
        members = [
            each
            for each in events_in({"events": told.get("chunk")})
            if part(each, "content").get("membership") in ("join", "invite")
        ]
        closed = len(members) <= TWO and await self._is_closed(room)
        return Known(len(members), closed)

    async def _is_closed(self, room: str) -> bool:
        here = Path.v3.rooms[room].state
        entrance = await self.wire.get(here["m.room.join_rules"])
        readers = await self.wire.get(here["m.room.history_visibility"])
        is_open = text(readers, "history_visibility") == "world_readable"
        return text(entrance, "join_rule") in _PRIVATE_ENTRANCES and not is_open


def events_in(whole: Json) -> list[Json]:
    """The events of a part of a sync."""
    listed = whole.get("events")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
