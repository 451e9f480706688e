"""What has come of an answer so far."""

from __future__ import annotations

from core.aivax.stream.events import Usage
from core.settings import LimitsSettings
from core.turns.tool_log import ToolLog

_LIMITS = LimitsSettings()


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
