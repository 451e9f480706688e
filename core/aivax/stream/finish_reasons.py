"""Why an answer ended, in one word for each meaning, whatever the server calls it.

OpenAI's reference has `stop`, `length`, `tool_calls`, `content_filter` and `function_call`. Others pass on the words of
the model's own service: Anthropic's, Gemini's (in capitals), DeepSeek's, Zhipu's, Cohere's, vLLM's.
"""

from __future__ import annotations

import re
from typing import Final

from core.aivax.stream.chunks import mapping, word

STOP: Final = "stop"
LENGTH: Final = "length"
FILTERED: Final = "content_filter"
TOOL_CALLS: Final = "tool_calls"
FAILED: Final = "error"
BROKEN_OFF: Final = "broken_off"
"""The service itself ended the answer before its end."""

_NONE = frozenset({"", "null", "none", "undefined", "unspecified", "in_progress"})
_WHOLE = frozenset({"stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete", "completed", "end"})
_MEANINGS = (
    (TOOL_CALLS, re.compile(r"^(?:tool_?(?:calls?|uses?)|functions?(?:_calls?)?)$")),
    (
        FILTERED,
        re.compile(
            r"filter|safety|sensitive|refus|blocklist|blocked|prohibit|spii|recitation|moderat|guardrail|toxic"
            r"|inspection|violat|flagged"
        ),
    ),
    (
        BROKEN_OFF,
        re.compile(
            r"insufficient|resource|abort|cancel|interrupt|network|time_?d?_?out|malformed|unexpected|disconnect"
            r"|overload|unavailable|pause_turn|too_many_tool|missing_thought|^(?:server|system|internal)_error$"
        ),
    ),
    (FAILED, re.compile(r"^(?:error|failed|failure|exception)$")),
    (
        LENGTH,
        re.compile(r"length|(?:^|_)max|context_window|token_limit|limit_reached|^error_limit$|truncat"),
    ),
    (BROKEN_OFF, re.compile(r"error|fail")),
)
"""The first one that fits."""


def named(value: object) -> str:
    """Return the server's own word for the reason, in lower case; `""` where there is none yet."""
    reason = word(mapping(value).get("type")) or word(value)
    name = re.sub(r"[\s-]+", "_", reason.strip().lower()[:80]).removeprefix("finish_reason_")
    return "" if name in _NONE else name


def meaning(name: str) -> str:
    """Return what such a word means; a word that is not known stands for itself, and for a whole answer."""
    if not name or name in _WHOLE:
        return name
    return next((meant for meant, pattern in _MEANINGS if pattern.search(name)), name)
