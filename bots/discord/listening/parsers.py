"""What the SDK makes of events, watched over: one that it can't read ends neither the connection nor the next event.

In discord.py an exception in a parser ends the client (`DiscordWebSocket.received_message`).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

from core.util.log import log

Parse = Callable[[Any], None]
OF_THE_SESSION = frozenset({"READY", "RESUMED"})
"""Without them there is no session: what is wrong with one ends the connection, and the next one is tried."""
LESS_OF_A_SERVER = (
    *("emojis", "stickers", "presences", "voice_states", "stage_instances", "guild_scheduled_events"),
    *("soundboard_sounds", "members", "threads", "channels", "roles"),
)
"""What a server is read without where the SDK can't read it whole, from what we miss least."""
MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that nothing is made of."""

    kind: str
    known: bool
    """Whether the SDK knows events of this kind: then this one has another shape than it expects."""


class Parsers(dict[str, Parse]):
    """The SDK's parsers by the kind of event, each one guarded; of other kinds nothing is made but a count."""

    def __init__(self, parsers: dict[str, Parse], pass_over: Callable[[Unread], object]) -> None:
        super().__init__({kind: partial(self._guarded, kind, parse) for kind, parse in parsers.items()})
        self._pass_over = pass_over
        self._told: set[str] = set()

    def __missing__(self, kind: Any) -> Parse:
        return lambda _: self._unread(Unread(str(kind)[:100], known=False), "")

    def _guarded(self, kind: str, parse: Parse, data: Any) -> None:
        try:
            parse(data)
        except Exception as error:  # whatever the SDK raises over one event is about that event
            if kind in OF_THE_SESSION:
                raise
            if kind == "GUILD_CREATE":
                _read_less(parse, data)
            self._unread(Unread(kind, known=True), _place_of(error))

    def _unread(self, event: Unread, cause: str) -> None:
        self._pass_over(event)
        if event.kind not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(event.kind)
            tell = log.warning if event.known else log.debug
            tell("discord.event_unreadable", kind=event.kind, cause=cause)


def _read_less(parse: Parse, data: Any) -> None:
    """Read a server without parts that are of another shape, as far as that helps."""
    less = dict(data) if isinstance(data, dict) else {}
    for name in LESS_OF_A_SERVER:
        less[name] = []
        try:
            parse(less)
        except Exception:  # noqa: BLE001, S112  the next part may be the one
            continue
        return


def _place_of(error: Exception) -> str:
    """Say what was raised and where, without its words: they may hold what somebody wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
