"""Where an error stands in an answer whose status is good: every server has its own place for it.

What is found is handed on as it is: `core.aivax.error_mapping` reads it, and says what it means by word as by status.
"""

from __future__ import annotations

import re

from core.aivax.refusals import bodies
from core.aivax.stream.chunks import Json, mapping, word

_FINE = frozenset({"", "0", "200", "ok", "success", "true"})
_OF_FAILURE = re.compile(
    r"(?i)\b(?:errors?|fail(?:ed|ure)?|denied|unavailable|time[d -]{0,2}out|unauthori[sz]ed|forbidden|not found"
    r"|exceeded|too many|upstream|overloaded|quota|insufficient|invalid|bad gateway|refused)\b"
)
_SAYING = ("message", "msg", "error_msg", "errorMessage", "errmsg")


def error_in(chunk: Json, choice: Json, *, named: bool, alone: bool) -> object | None:
    """Find the object that tells of an error.

    `named`: its event is called an error. `alone`: it is a body, or a line of bare JSON, and no event: then whatever
    is no answer and says something is a refusal.
    """
    for holder in (chunk, choice, mapping(chunk.get("x_groq"))):
        if _is_told(holder.get("error")):
            return holder
    if named or "error" in (chunk.get("type"), chunk.get("object")) or _is_coded(chunk):
        return chunk
    if alone and not choice and "error" not in chunk and bodies.is_refusal(chunk):
        return chunk
    return None


def may_be_an_error(chunk: Json) -> bool:
    """Whether an event without a choice is an error if nothing else comes: else it may be news of any kind."""
    return not _is_told(chunk.get("error")) and "error" not in chunk and bodies.is_refusal(chunk)


def error_in_words(plain: bytes) -> str:
    """Return what an answer of plain words says, if it is about a failure; any other words may be anything."""
    words = plain.decode("utf-8", "replace").strip()
    return words if _OF_FAILURE.search(words) else ""


def _is_told(error: object) -> bool:
    """Whether the field says anything: some servers send it, empty, with every chunk."""
    if isinstance(error, dict):
        return any(error.values())
    return bool(error.strip() if isinstance(error, str) else error)


def _is_coded(chunk: Json) -> bool:
    """Whether an event without a choice tells of a failure by a code of its own, or by `success`."""
    if chunk.get("choices"):
        return False
    base = mapping(chunk.get("base_resp"))
    says = any(isinstance(said, str) and said for said in map(chunk.get, _SAYING))
    code = word(chunk.get("code")) or word(chunk.get("error_code")) or word(chunk.get("errorCode"))
    return (
        chunk.get("success") is False
        or word(base.get("status_code")) not in _FINE
        or (says and code.lower() not in _FINE)
    )
