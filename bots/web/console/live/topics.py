"""What may be followed: the part of a page that changes, what it is read from, and how it is rendered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bots.web.console.live import lists
from bots.web.console.pages.overview import Sources, tiles
from bots.web.console.pages.told import notes_of, steps_told
from bots.web.console.rendering import Renderer
from core.console.turns import Turns
from core.i18n.console import ConsoleTranslator
from core.storage.ops.turn_story import TurnStory

ALL = 0
"""The key of what there is one of."""
Read = Callable[[Collection[int]], Awaitable[Mapping[int, Any]]]
"""Reads what is shown for each key: values that are equal where nothing changed. None for a key: there is nothing."""
Tell = Callable[[Any, ConsoleTranslator], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One part of one page."""

    template: str
    read: Read
    tell: Tell
    """What the template is given, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What one connection follows."""

    kind: Kind
    key: int = ALL

    def html(self, renderer: Renderer, read: Any, speaks: ConsoleTranslator) -> str:
        return renderer.part(self.kind.template, speaks, **self.kind.tell(read, speaks))


def overview_kind(sources: Sources) -> Kind:
    """The tiles of the overview."""

    async def read(_: Collection[int]) -> Mapping[int, Any]:
        return {ALL: await sources.figures.figures(sources.now())}

    return Kind("live/tiles.html", read, lambda found, _: tiles(sources, found))


def waiting_kind(turns: Turns, now: Callable[[], datetime]) -> Kind:
    """What waits, and what failed."""

    async def read(_: Collection[int]) -> Mapping[int, Any]:
        return {ALL: await lists.read(turns, now())}

    return Kind("live/lists.html", read, lambda found, speaks: lists.told(found, speaks, now()))


class TurnStories:
    """The stories of the turns that are followed: read anew where one query over all of them tells of a change."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._known: dict[int, tuple[object, TurnStory | None]] = {}

    async def read(self, ids: Collection[int]) -> Mapping[int, TurnStory | None]:
        signs = await self._turns.signs(ids)
        known, self._known = self._known, {}
        for turn_id in ids:
            sign = signs.get(turn_id)
            if turn_id not in known or known[turn_id][0] != sign:
                known[turn_id] = (sign, await self._turns.story(turn_id))
            self._known[turn_id] = known[turn_id]
        return {turn_id: story for turn_id, (_, story) in self._known.items()}


def turn_kind(turns: Turns) -> Kind:
    """What happened to one turn so far."""
    return Kind(
        "live/course.html",
        TurnStories(turns).read,
        lambda found, speaks: {"steps": steps_told(found, speaks), "notes": notes_of(found, speaks)},
    )
