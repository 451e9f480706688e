"""Components as a person reads them: texts, and pictures by what they show.

https://discord.com/developers/docs/components/reference. Buttons and menus are no words, but where a button opens a
page it is a link. Components of kinds that are not known hold words where the known ones do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bots.discord.events.cards import linked
from bots.discord.events.payloads import line_of, list_of, number_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import Json

CONTROLS = frozenset({2, 3, 5, 6, 7, 8})
"""Buttons and menus."""
MOST_DEPTH = 8
"""How deep components may lie in each other: in Discord's own limits a button in a section in a container."""
MOST_COMPONENTS = 200
"""How many are read: Discord takes 40."""


def blocks_in(raw: Any) -> Iterator[str]:
    """Read a message's components, line by line."""
    for component, _ in zip(_walk(parts_of(raw, "components")), range(MOST_COMPONENTS), strict=False):
        yield from _words(component)


def media_in(raw: Any) -> Iterator[Json]:
    """Find the files that components show, each with what its component tells of it. They are in no other list."""
    for component, _ in zip(_walk(parts_of(raw, "components")), range(MOST_COMPONENTS), strict=False):
        for shown in (component, *parts_of(component, "items")):
            for name in ("media", "file"):
                if media := part_of(shown, name):
                    yield {"filename": text_of(shown, "name"), "size": shown.get("size")} | dict(media)


def _walk(components: list[Json], depth: int = 0) -> Iterator[Json]:
    """Visit components in the order in which they are seen."""
    for component in components if depth < MOST_DEPTH else ():
        yield component
        inner = [*list_of(component, "components"), *list_of(component, "items")]
        inner += [component.get("component"), component.get("accessory")]
        yield from _walk([each for each in inner if isinstance(each, dict) and "type" in each], depth + 1)


def _words(component: Json) -> Iterator[str]:
    if number_of(component, "type") in CONTROLS:
        url = line_of(component, "url")
        yield linked(url, line_of(component, "label")) if url else ""
        return
    yield text_of(component, "content").strip()
    yield line_of(component, "label")
    for shown in (component, *parts_of(component, "items")):
        if told := line_of(shown, "description"):
            yield f"[image: {told}]" if part_of(shown, "media") else told
