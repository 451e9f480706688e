"""What the bot knows of its rooms: who is there alone with it, how people are called, its own messages."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from mautrix.api import Path, PathBuilder

from aivax_bots import PlaceClosed, PlatformError
from aivax_bots_matrix.events import Here, Json, part, text
from aivax_bots_matrix.wire import UNKNOWN_MESSAGE, Wire

MOST_ROOMS, MOST_NAMES, MOST_OWN = 2_000, 5_000, 5_000
TWO = 2
_PRIVATE_ENTRANCES = frozenset({"", "invite", "private"})
_THERE = frozenset({"join", "invite"})
_OF_PRIVACY = frozenset({"m.room.member", "m.room.join_rules", "m.room.history_visibility"})


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
class Rooms:
    """Asked for once, then kept by what the homeserver tells of changes."""

    wire: Wire
    own: Recent = field(default_factory=lambda: Recent(MOST_OWN))
    threads: Recent = field(default_factory=lambda: Recent(MOST_OWN))
    _alone: OrderedDict[str, bool] = field(default_factory=OrderedDict)
    _names: Recent = field(default_factory=lambda: Recent(MOST_NAMES))

    def take_part(self, thread: str) -> None:
        """Keep a thread that the bot takes part in. A room's own timeline is none, nor what two say alone."""
        if thread.startswith("$"):  # an event's id, which a thread hangs on
            self.threads.keep(thread)

    def learn(self, room: str, told: Json) -> None:
        """Read a room's part of a sync: its state, those who spoke, and how many are there."""
        events = [*events_in(part(told, "state")), *events_in(part(told, "timeline"))]
        for event in events:
            if event.get("type") == "m.room.member":
                name = text(part(event, "content"), "displayname")
                self._names.keep(f"{room} {event.get('state_key')}", name)
        if part(told, "summary") or not _OF_PRIVACY.isdisjoint(text(each, "type") for each in events):
            self._alone.pop(room, None)
        if _count(part(told, "summary")) > TWO:  # a crowd is not counted once more with each that comes
            self._alone[room] = False

    async def here(self, room: str) -> Here:
        """What `events` needs to know. Only who listens may ask: they alone hear when it changes.

        Raises:
            PlatformError: the homeserver does not tell.
        """
        alone = self._alone.get(room)
        if alone is None:
            is_closed = await self._is_closed(room)
            alone = self._alone[room] = is_closed and len(await self._members(room)) <= TWO
            if len(self._alone) > MOST_ROOMS:
                self._alone.popitem(last=False)
        return Here(room, alone, self.own, self.threads)

    async def is_alone_with(self, room: str, user: str) -> bool:
        """Whether somebody and the bot are alone in a room, as it is now, in a process that does not listen, too.

        Raises:
            PlatformError: the homeserver does not tell.
        """
        if not await self._is_closed(room):
            return False
        members = await self._members(room)
        return user in members and len(members) <= TWO

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

    async def _members(self, room: str) -> frozenset[str]:
        """Who is in a room, or invited."""
        told = await self.wire.get(Path.v3.rooms[room].members, {"not_membership": "leave"})
        return frozenset(
            text(each, "state_key")
            for each in events_in({"events": told.get("chunk")})
            if text(part(each, "content"), "membership") in _THERE
        )

    async def _is_closed(self, room: str) -> bool:
        here = Path.v3.rooms[room].state
        entrance = await self._state(here["m.room.join_rules"])
        readers = await self._state(here["m.room.history_visibility"])
        is_open = text(readers, "history_visibility") == "world_readable"
        return text(entrance, "join_rule") in _PRIVATE_ENTRANCES and not is_open

    async def _state(self, path: PathBuilder) -> Json:
        """Something of a room's state; empty where nobody set it, and the specification's default holds.

        Those are `invite` for who may join, and `shared` for who may read.
        """
        try:
            return await self.wire.get(path)
        except PlaceClosed as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return {}


def _count(summary: Json) -> int:
    """How many are in a room or invited, as far as a sync tells."""
    counts = (summary.get(f"m.{each}_member_count") for each in ("joined", "invited"))
    return sum(each for each in counts if isinstance(each, int))


def events_in(whole: Json) -> list[Json]:
    """The events of a part of a sync."""
    listed = whole.get("events")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
