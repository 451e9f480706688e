"""What a person reads while a tool works: its name in plain words, made harmless."""

from __future__ import annotations

import re
import unicodedata

from core.domain import Status, ToolActivity, Translator
from core.i18n import Phrase
from core.util.text import shorten

NAME_CHARS = 40
REASON_CHARS = 120


def tool_status(translator: Translator, activity: ToolActivity) -> Status:
    """The line for a tool's state. Once it ended, the text is empty: the line goes."""
    if activity.ended:
        return Status("", activity)
    tool = plain_tool_name(activity.name) or translator.say(Phrase.TOOL_UNNAMED)
    reason = _one_line(activity.explanation)
    if reason:
        return Status(translator.say(Phrase.TOOL_RUNNING_BECAUSE, tool=tool, reason=reason), activity)
    return Status(translator.say(Phrase.TOOL_RUNNING, tool=tool), activity)


def plain_tool_name(name: str) -> str:
    """`WebSearch`, `web_search` -> `web search`; nothing but letters, digits and spaces is left."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[^\w]+|_+", " ", spaced).strip().lower()[:NAME_CHARS].rstrip()


def _one_line(text: str) -> str:
    """An explanation as one short line without Markdown and invisible characters, so that it stays a status."""
    plain = re.sub(r"[*_`~|<>\[\]#\\]", "", text)
    seen = "".join(char for char in plain if char.isspace() or unicodedata.category(char)[0] != "C")
    line = " ".join(seen.split()).rstrip(" .…")
    return shorten(line, REASON_CHARS)
