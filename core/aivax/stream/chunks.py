"""One payload of the stream, read liberally: what is missing, null or of another type counts as absent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from core.aivax.stream.events import Usage
from core.aivax.stream.files.in_fields import is_file
from core.domain import ToolActivity, ToolState
from core.util.text import sound

_DECODER = msgspec.json.Decoder()
_TOOL_STATES = {
    "created": ToolState.CREATED,
    **dict.fromkeys(
        ("completed", "complete", "finished", "done", "success", "succeeded", "ok"), ToolState.COMPLETED
    ),
    **dict.fromkeys(("failed", "failure", "error", "cancelled", "canceled"), ToolState.FAILED),
}
"""The end states are not documented, and a tool in a state that is unknown goes on."""
_MOST = 2**53
_WORD_CHARS = 1_000
_BASE64 = re.compile(r"(base64,)[A-Za-z0-9+/=_-]{64,}")
CONTENTS_CHARS = 100_000
"""Of what a tool was called with; what is kept of it is decided further on."""
_LENIENT_BYTES = 1024 * 1024
_PLAIN_BYTES = 64 * 1024
_MOST_VALUES = 50_000

_THOUGHTS = (
    *("reasoning", "reasoning_content", "reasoning_text", "thinking", "thought"),
    *("reasoning_details", "thinking_blocks"),
)
"""Where servers put thinking; AIVAX has the first. The same may stand in two of them."""
_OTHERS_ROLES = frozenset({"tool", "function", "system", "developer", "user"})
"""Some gateways stream what a tool gave back as a delta, too: it is no word of the answer."""
_WITHIN = ("text", "thinking", "summary", "content", "reasoning", "reasoning_content", "thought")

Json = Mapping[str, Any]
NOTHING: Json = {}


class NotJson(Exception):  # never leaves this package
    """The bytes are no JSON."""


def is_intricate(payload: bytes) -> bool:
    """Whether a payload holds so many values that reading it would hold up everybody else."""
    if len(payload) <= _PLAIN_BYTES:
        return False
    return sum(map(payload.count, (b"{", b"[", b","))) > _MOST_VALUES


def decode(payload: bytes) -> Json:
    """Read a payload; empty where it is JSON but no object.

    Raises:
        NotJson: it is none.
    """
    return mapping(decode_any(payload))


def decode_any(payload: bytes) -> object:
    """Read any JSON value.

    Raises:
        NotJson: it is none.
    """
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _decode_leniently(payload)


def _decode_leniently(payload: bytes) -> object:
    """Read what msgspec refuses but others send: half a surrogate pair, broken UTF-8, NaN."""
    if len(payload) > _LENIENT_BYTES:
        raise NotJson
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise NotJson from None


def mapping(value: object) -> Json:
    """Return a JSON object, or an empty one."""
    return value if isinstance(value, dict) else NOTHING


def first(value: object) -> Json:
    """Return the first object of a list, or an empty one."""
    return mapping(value[0]) if isinstance(value, list) and value else NOTHING


def word(value: object) -> str:
    """Read an id, a name or a code: text or a number. Only its beginning where it is far too long for one."""
    if isinstance(value, str):
        return sound(value[:_WORD_CHARS])
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def amount(value: object) -> float | None:
    """Read a sum of money or a size: a number, or the text of one. None for anything else, and beyond all reason."""
    try:
        read = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None
    return read if read is not None and abs(read) < 1e15 else None


def count(value: object) -> int:
    """Read a number of tokens; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value <= _MOST else 0


def dumped(value: object) -> str:
    """Return JSON text: as it came where it is text already."""
    if isinstance(value, str):
        return sound(value)
    try:
        return "" if value is None else sound(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return ""


def excerpt(value: object, most_chars: int) -> str:
    """Return JSON text, or the beginning of one that is too long to be kept."""
    if isinstance(value, str):
        whole = sound(value[: most_chars + 1])
    else:
        try:
            whole = msgspec.json.encode(value)[: most_chars * 4 + 4].decode("utf-8", "ignore")
        except (UnicodeEncodeError, RecursionError):
            whole = dumped(value)
    return whole[:most_chars] if len(whole) > most_chars else dumped(value)


def content(value: object) -> tuple[str, str]:
    """Read content, a string, a list of parts, or (`json_only`) a JSON value: its visible text, and its thinking.

    Halves of surrogate pairs are left in: their other half may come with the next delta.
    """
    if isinstance(value, str):
        return value, ""
    parts = [_part(part) for part in (value if isinstance(value, list) else (value,))]
    return "".join(text for text, _ in parts), "".join(thought for _, thought in parts)


def _part(part: object) -> tuple[str, str]:
    if isinstance(part, str):
        return part, ""
    fields = mapping(part)
    kind = word(fields.get("type")).lower()
    if fields.get("thought") is True or _is_thinking(kind):
        return "", _thought(fields)
    text = mapping(fields.get("text")).get("value", fields.get("text")) or fields.get("refusal")
    if text is None and "text" in kind:
        text = fields.get("content")
    if isinstance(text, str):
        return text, ""
    return (dumped(part) if isinstance(part, dict) and "type" not in part and not is_file(part) else ""), ""


def _is_thinking(name: str) -> bool:
    return any(part in name for part in ("think", "reason", "thought"))


def answer_text(fields: Json) -> tuple[str, str]:
    """Read a delta or a message: the text that it shows, and its thinking.

    Older answers call the text `completion_text`; what a model refuses with stands in a field of its own, and so does
    what it says aloud.
    """
    role = word(fields.get("role")).lower()
    if role in _OTHERS_ROLES:
        return "", ""
    text, thought = content(fields.get("content"))
    spoken = mapping(fields.get("audio")).get("transcript")
    text = text or content(fields.get("completion_text"))[0] or content(spoken)[0]
    refusal = fields.get("refusal")
    text += refusal if isinstance(refusal, str) else ""
    google = mapping(mapping(fields.get("extra_content")).get("google"))
    if fields.get("thought") is True or google.get("thought") is True or _is_thinking(role):
        return "", text
    return text, thought or next((said for name in _THOUGHTS if (said := _thought(fields.get(name)))), "")


def _thought(value: object, deep: int = 4) -> str:
    """Read thinking, whatever shape it has; what is neither text nor holds any is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and deep:
        return "".join(_thought(each, deep - 1) for each in value)
    if isinstance(value, dict) and deep:
        return next((said for name in _WITHIN if (said := _thought(value.get(name), deep - 1))), "")
    return ""


def cost(chunk: Json) -> float | None:
    """Add up what AIVAX says that the call cost, router and moderation included; None where it doesn't say."""
    items = mapping(chunk.get("generation_context")).get("generated_usage")
    amounts = [amount(mapping(each).get("amount")) for each in items] if isinstance(items, list) else []
    known = [each for each in amounts if each is not None]
    return math.fsum(known) if known else None


def tool_id(tool: Json) -> str:
    """Read what a `servertool` is known by; `""` where it is none."""
    return word(tool.get("id")) or word(tool.get("name"))


def _without_base64(contents: str) -> str:
    """Take the bytes of files out of what a tool was called with: they are nothing to be shown or stored as text."""
    return _BASE64.sub(r"\1...", contents) if "base64," in contents else contents


def activity(tool: Json, earlier: ToolActivity | None) -> ToolActivity:
    """Read a `servertool`; what an update leaves out stays as it was."""
    reason = tool.get("explanation") or tool.get("reason") or tool.get("toolreason")
    why = word(mapping(reason).get("reason")) or word(mapping(reason).get("goal")) or word(reason)
    return ToolActivity(
        id=tool_id(tool),
        name=word(tool.get("name")) or (earlier.name if earlier else ""),
        state=_tool_state(tool),
        contents=_without_base64(excerpt(tool.get("contents"), CONTENTS_CHARS))
        or (earlier.contents if earlier else ""),
        explanation=why or (earlier.explanation if earlier else ""),
    )


def _tool_state(tool: Json) -> ToolState:
    """A tool has ended with a word of an end, or when it has given something back: a result, or an error."""
    if tool.get("error"):
        return ToolState.FAILED
    state = _TOOL_STATES.get(word(tool.get("state")).lower(), ToolState.RUNNING)
    has_result = any(tool.get(name) not in (None, "") for name in ("result", "resultText"))
    return ToolState.COMPLETED if has_result and state is not ToolState.FAILED else state


def usage(value: Json, *, credits_spent: float | None, model: str, provider: str) -> Usage:
    """Read `usage`, of a chunk or of a whole answer."""
    return Usage(
        prompt_tokens=count(value.get("prompt_tokens", value.get("input_tokens"))),
        completion_tokens=count(value.get("completion_tokens", value.get("output_tokens"))),
        cached_tokens=count(mapping(value.get("prompt_tokens_details")).get("cached_tokens")),
        credits=credits_spent,
        model=model,
        provider=provider,
    )
