"""One payload of the stream, read liberally: what is missing, null or of another type counts as absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from core.aivax.stream.events import Usage
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
CONTENTS_CHARS = 100_000
"""Of what a tool was called with; what is kept of it is decided further on."""
_LENIENT_BYTES = 1024 * 1024
_PLAIN_BYTES = 64 * 1024
_MOST_VALUES = 50_000

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


def content(value: object) -> str:
    """Read visible text: a string, a list of parts, or (`json_only`) a JSON value.

    Halves of surrogate pairs are left in: their other half may come with the next delta.
    """
    return "".join(map(_part, value if isinstance(value, list) else (value,)))


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    text = mapping(part).get("text")
    if isinstance(text, str):
        return text
    return dumped(part) if isinstance(part, dict) and "type" not in part else ""


def answer_text(delta: Json) -> str:
    """Read the visible text of a delta or a message; older answers call it `completion_text`."""
    return content(delta.get("content")) or content(delta.get("completion_text"))


def thinking(delta: Json) -> str:
    """Read the reasoning; other servers call it `reasoning_content`."""
    return content(delta.get("reasoning")) or content(delta.get("reasoning_content"))


def tool_id(tool: Json) -> str:
    """Read what a `servertool` is known by; `""` where it is none."""
    return word(tool.get("id")) or word(tool.get("name"))


def activity(tool: Json, earlier: ToolActivity | None) -> ToolActivity:
    """Read a `servertool`; what an update leaves out stays as it was."""
    reason = tool.get("explanation")
    why = word(mapping(reason).get("reason")) or word(mapping(reason).get("goal")) or word(reason)
    return ToolActivity(
        id=tool_id(tool),
        name=word(tool.get("name")) or (earlier.name if earlier else ""),
        state=_TOOL_STATES.get(word(tool.get("state")).lower(), ToolState.RUNNING),
        contents=excerpt(tool.get("contents"), CONTENTS_CHARS) or (earlier.contents if earlier else ""),
        explanation=why or (earlier.explanation if earlier else ""),
    )


def usage(value: Json, *, credits_spent: float | None, model: str) -> Usage:
    """Read `usage`, of a chunk or of a whole answer."""
    return Usage(
        prompt_tokens=count(value.get("prompt_tokens")),
        completion_tokens=count(value.get("completion_tokens")),
        cached_tokens=count(mapping(value.get("prompt_tokens_details")).get("cached_tokens")),
        credits=credits_spent,
        model=model,
    )
