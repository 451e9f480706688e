"""Which stretches of time we were away for: server by server, and for direct messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

DIRECT = 0
"""Stands for all direct messages, where else a server's id stands."""
DIRECT_SHARD = 0
"""Discord's rule: direct messages come on the first shard."""


def shard_of(place: int, count: int) -> int:
    """Which of `count` shards a server is on, and direct messages (discord.com/developers, "Sharding")."""
    return (place >> 22) % count


class Gaps:
    """Remembers since when messages of each server may have been missed. Knows no network and no clock.

    A server is complete as long as its shard is connected and what was missed before has been looked for.
    """

    def __init__(self) -> None:
        self._heard: Mapping[str, datetime] | None = None
        self._since: dict[int, datetime] = {}
        self._complete: dict[int, int] = {}
        self._disconnected: dict[int, set[int]] = {}
        self._down: dict[int, datetime] = {}

    @property
    def begun(self) -> bool:
        return self._heard is not None

    def begin(self, heard: Mapping[str, datetime]) -> None:
        """Take when something was last said in each server, as it was stored before this process listened."""
        self._heard = heard

    def taken(self, shard: int, is_of: Callable[[int], bool], heard: Mapping[str, datetime]) -> None:
        """A shard comes from another process: what that one heard is stored, and nothing else is known of it."""
        self._heard = heard
        self._down.pop(shard, None)
        self._disconnected.pop(shard, None)
        self._since = {place: at for place, at in self._since.items() if not is_of(place)}
        self._complete = {place: its for place, its in self._complete.items() if its != shard}

    def lost(self, shard: int, at: datetime) -> None:
        """A shard's connection is gone; told more than once, the first time counts."""
        if shard in self._down:
            return
        self._down[shard] = at
        disconnected = {place for place, its in self._complete.items() if its == shard}
        self._disconnected[shard] = disconnected
        for place in disconnected:
            del self._complete[place]
            self._since[place] = at

    def over(self, at: datetime) -> None:
        """All connections ended."""
        for shard in set(self._complete.values()):
            self.lost(shard, at)

    def resumed(self, shard: int) -> None:
        """The session goes on, and Discord sent what came meanwhile."""
        self._down.pop(shard, None)
        for place in self._disconnected.pop(shard, ()):
            self._since.pop(place, None)
            self._complete[place] = shard

    def began(self, shard: int) -> None:
        """A new session began: what came before it was sent to nobody."""
        self._down.pop(shard, None)
        self._disconnected.pop(shard, None)

    def away(self, place: int, at: datetime) -> None:
        """Discord itself lost a server for now."""
        if self._complete.pop(place, None) is not None:
            self._since[place] = at

    def since(self, place: int) -> datetime | None:
        """From when on a place is to be looked through; None where nothing can have been missed."""
        heard = self._heard or {}
        if heard and place not in self._since and place not in self._complete:
            workspace = "" if place == DIRECT else str(place)
            self._since[place] = heard.get(workspace) or max(heard.values())
        return self._since.get(place)

    def filled(self, place: int, shard: int) -> None:
        """A place was looked through, or is new."""
        if (down_at := self._down.get(shard)) is not None:
            self._since[place] = down_at
            self._disconnected.setdefault(shard, set()).add(place)
        else:
            self._since.pop(place, None)
            self._complete[place] = shard

    def forget(self, place: int) -> None:
        """The bot was removed from a server."""
        self._since.pop(place, None)
        self._complete.pop(place, None)
