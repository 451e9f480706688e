"""The events of an answer, collected as they are found: words as far as there is room, files, thinking and tools."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.aivax.media.tools import MAKERS, tool_of
from core.aivax.stream import chunks
from core.aivax.stream.bounds import AnswerBounds, Room
from core.aivax.stream.chunks import Json
from core.aivax.stream.events import MadeLink, Picture, Text, Thinking, TimelineEvent
from core.aivax.stream.files.in_fields import Pictures
from core.aivax.stream.files.in_text import InlineFiles
from core.aivax.stream.files.links import MOST_LINKS, links_of
from core.domain import ToolActivity, ToolState

_TOOLS_KEPT = 256
_MOST_FILES = 200
"""Pictures, and files of other kinds, that one answer may hold, kept or not: more are a server's fault."""


class Overlong(Exception):  # never leaves this package
    """The answer passed its bounds."""


class Timeline:
    """What is yielded of an answer. What raises `Overlong` does so after what there was room for."""

    def __init__(self, bounds: AnswerBounds) -> None:
        self.said = False
        """Whether visible text or a file was among the events."""
        self.silent_bytes = 0
        """How much was read since something was found; counted by the reader."""
        self._events: list[TimelineEvent] = []
        self._room = Room(bounds.chars)
        self._inline = InlineFiles(bounds.file_bytes)
        self._pictures = Pictures(bounds.file_bytes)
        self._begins_line = True
        self._files = 0
        self._tools: dict[str, ToolActivity] = {}
        self._tool_signs = 0
        self._links: set[str] = set()

    @property
    def signs(self) -> int:
        """How often a picture or a tool showed that the answer goes on."""
        return self._tool_signs + self._pictures.signs

    @property
    def open_tools(self) -> tuple[ToolActivity, ...]:
        """The tools that were seen to begin and not seen to end."""
        return tuple(tool for tool in self._tools.values() if not tool.ended)

    def emit(self, event: TimelineEvent) -> None:
        self._events.append(event)
        self.silent_bytes = 0

    def take_events(self) -> list[TimelineEvent]:
        """Return the events that were not yet yielded."""
        events, self._events = self._events, []
        return events

    def say(self, thought: str, words: str) -> None:
        """Add what a choice says.

        Raises:
            Overlong: it is more than there is room for.
        """
        if thought:
            self.emit(Thinking(thought))
        self._show_found(self._inline.feed(words))
        if self._is_full:
            raise Overlong
        if self._inline.is_inside:
            self.silent_bytes = 0

    def end(self, thought: str, words: str) -> None:
        """Add the last that is said, and what was held back until now. Raises `Overlong` as `say` does."""
        self.say(thought, words)
        self._show_found(self._inline.close())
        if (sound := self._pictures.sound()) is not None:
            self._show_file(sound)
        self.show_held()

    def show_held(self) -> None:
        """Add what was held back in case that there would be too much."""
        self._show(self._room.close())

    def take_files(self, chunk: Json, choice: Json) -> bool:
        """Take pictures and sounds: of a delta, of a whole message, of a server that knows nothing but pictures.

        Tells whether it was such a server: its answer is whole.
        """
        for name in ("delta", "message"):
            fields = chunks.mapping(choice.get(name))
            for found in self._pictures.read(fields):
                self._take_file(found)
            if self._pictures.hear(fields.get("audio"), is_delta=name == "delta"):
                self.silent_bytes = 0
        listed = () if "choices" in chunk else tuple(self._pictures.listed(chunk.get("data")))
        for found in listed:
            self._take_file(found)
        return bool(listed)

    def take_tools(self, value: object) -> None:
        """Take a `servertool`, or several."""
        for tool in map(chunks.mapping, value if isinstance(value, list) else (value,)):
            if name := chunks.tool_id(tool):
                self._tools[name] = activity = chunks.activity(tool, self._tools.pop(name, None))
                if len(self._tools) > _TOOLS_KEPT:
                    del self._tools[next(iter(self._tools))]
                self.emit(activity)
                self._tool_signs += 1
                if tool_of(activity.name) in MAKERS:
                    self._tell_links(tool)

    def _tell_links(self, tool: Json) -> None:
        """Tell where what a tool made lies, each place once."""
        for link in links_of(tool):
            if link not in self._links and len(self._links) < MOST_LINKS:
                self._links.add(link)
                self.emit(MadeLink(link))

    def end_tools(self) -> None:
        """Tell that the tools ended of which nothing told it: with the answer they are over."""
        for tool in self.open_tools:
            self._tools[tool.id] = ended = replace(tool, state=ToolState.COMPLETED)
            self.emit(ended)

    @property
    def _is_full(self) -> bool:
        return self._room.passed or self._files > _MOST_FILES

    def _take_file(self, found: Picture | str) -> None:
        """Show a picture; one that lies elsewhere is a link in a line of its own."""
        if isinstance(found, Picture):
            self._show_file(found)
        else:
            self._show_found([found if self._begins_line else f"\n{found}"])
            self._tell_links({"url": found})

    def _show_found(self, found: Iterable[str | Picture]) -> None:
        """Show text as far as there is room for it, and the files that stood in it, each once."""
        for each in found:
            if self._is_full:
                return
            if isinstance(each, str):
                self._begins_line = each.endswith("\n")
                self._show(self._room.take(each))
            elif self._pictures.is_new(each):
                self._show_file(each)

    def _show_file(self, picture: Picture) -> None:
        self.said = True
        self._files += 1
        self.emit(picture)

    def _show(self, text: str) -> None:
        if text:
            self.said = True
            self.emit(Text(text))
