"""What has come of an answer so far."""

from __future__ import annotations

from dataclasses import replace

from core.aivax.stream.events import Usage
from core.domain.messages import ToolActivity
from core.settings import LimitsSettings

_LIMITS = LimitsSettings()
_EXPLANATION_CHARS = 500
_ALL_CONTENTS = 25
"""What all tools of an answer were called with, as a multiple of what is kept of one."""


class ToolLog:
    """Lets through what is shown and stored of tools that AIVAX runs: news only, so many, each of a bounded size."""

    def __init__(self, *, events: int, contents_chars: int) -> None:
        """`events`: how many in all. A tool that was let through may always end."""
        self._events = events
        self._contents_chars = contents_chars
        self._left_chars = contents_chars * _ALL_CONTENTS
        self._last: dict[str, ToolActivity] = {}

    def admit(self, activity: ToolActivity) -> ToolActivity | None:
        """Return what is kept of an activity; None where it brings nothing new, or too much came already."""
        before = self._last.get(activity.id)
        kept = replace(
            activity,
            contents=activity.contents[: self._contents_chars],
            explanation=activity.explanation[:_EXPLANATION_CHARS],
        )
        if kept == before or (before is not None and before.ended):
            return None
        grown = max(len(kept.contents) - len(before.contents if before else ""), 0)
        if grown > self._left_chars:
            kept, grown = replace(kept, contents=before.contents if before else ""), 0
        may_end = kept.ended and before is not None
        if self._events <= 0 and not may_end:
            return None
        self._events -= 1
        self._left_chars -= grown
        self._last[activity.id] = kept
        return kept


class Draft:
    """An answer while it is being written."""

    def __init__(self, limits: LimitsSettings = _LIMITS) -> None:
        self.tools = ToolLog(events=limits.tool_events, contents_chars=limits.tool_contents_chars)
        self._parts: list[str] = []
        self.notes: list[str] = []
        """Sentences of ours that stand below the answer and are no part of it."""
        self.usage: Usage | None = None
        self.reason = ""
        self.thinking = False
        self.is_ours = False
        """Whether the text is a sentence of ours: then there is nothing to answer again, or to judge."""

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def add(self, delta: str) -> None:
        self._parts.append(delta)
