"""What a refusal holds, in whichever of its many shapes: its codes, and what it says.

An answer with a good status may be a refusal too: `is_refusal` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.aivax.stream.chunks import Json, NotJson, decode_any, excerpt, mapping, word

_CODES = (
    "code",
    "type",
    "status",
    "error_type",
    "errorType",
    "error_code",
    "errorCode",
    "errorcode",
    "Code",
    "__type",
)
_CODES_TOO = ("reason", "status_code", "statusCode")
_MESSAGES = (
    *("message", "msg", "error_msg", "errmsg", "error_message", "errorMessage", "Message", "faultstring"),
    *("error_description", "status_msg", "detail", "details", "description", "title"),
)
_INSIDE = ("error", "Error", "errors", "fault", "Response", "base_resp", "detail")
_DEEP = 5
_TEXT_CHARS = 16_000
_OK = frozenset({"", "0", "200", "ok", "success", "succeeded", "true"})
_NO_CODES = frozenset({"error", "about:blank", "fail", "failed", "null", "none", *_OK})


@dataclass(frozen=True, slots=True)
class Said:
    """What a refusal says: its codes, those that tell most first, and its message behind the parameter's name."""

    codes: tuple[str, ...] = ()
    message: str = ""

    @property
    def status(self) -> int:
        """The status that stands among the codes; 0 where none does."""
        return next((int(code) for code in self.codes if _is_status(code)), 0)

    @property
    def code(self) -> str:
        """The code that tells most: the first word, else the first number."""
        return next((code for code in self.codes if not code.isdigit()), next(iter(self.codes), ""))


def read(document: object) -> Said:
    """Read a whole body, the error object in it, or the text that stands in its place. Nothing is missed for good."""
    objects = list(_objects(document))
    if not objects:
        return Said(message=excerpt(document, _TEXT_CHARS) if document else "")
    codes = tuple(dict.fromkeys(code for each in objects for code in _codes(each)))
    messages = dict.fromkeys(filter(None, map(_message, reversed(objects))))
    message = ": ".join(messages) or ("" if codes else excerpt(objects[-1], _TEXT_CHARS))
    param = next(filter(None, map(_param, objects)), "")
    return Said(codes, f"{param}: {message}" if param else message)


def is_refusal(document: object) -> bool:
    """Whether a body with a good status, or an event's data, is a refusal all the same."""
    if isinstance(document, list):
        return any(map(is_refusal, document[:1]))
    answer = mapping(document)
    if answer.get("error"):
        return True
    if not answer or answer.get("choices") or answer.get("object") == "list":
        return False
    told = any(isinstance(answer.get(name), str) and answer[name] for name in _MESSAGES)
    return (
        answer.get("success") is False
        or "error" in (answer.get("object"), answer.get("type"), answer.get("status"))
        or bool(mapping(answer.get("Response")).get("Error"))
        or word(mapping(answer.get("base_resp")).get("status_code")) not in _OK
        or bool(answer.get("errors") or answer.get("fault") or answer.get("detail"))
        or (told and not answer.get("data") and _is_no_success(answer))
    )


def _is_no_success(answer: Json) -> bool:
    return word(answer.get("code")).lower() not in _OK or not (
        answer.keys() & {"code", "id", "choices", "object"}
    )


def _objects(document: object, deep: int = 0) -> Iterator[Json]:
    """The objects that tell of the error: the innermost first, where a server wraps another's refusal."""
    document = _unwrapped(document)
    if isinstance(document, list):
        document = document[0] if document else None
    found = mapping(document)
    if not found or deep == _DEEP:
        return
    for inside in (*map(found.get, _INSIDE), found.get("message"), mapping(found.get("metadata")).get("raw")):
        yield from _objects(inside, deep + 1)
    yield found


def _unwrapped(value: object) -> object:
    """The value of JSON that stands in a text; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return decode_any(value[:_TEXT_CHARS].encode("utf-8", "replace"))
    except NotJson:
        return value


def _codes(found: Json) -> Iterator[str]:
    values = [found.get(name) for name in (*_CODES, *_CODES_TOO)]
    details = found.get("details")
    if isinstance(details, list):
        values += [mapping(each).get("reason") for each in details[:10]]
    return (code for code in map(word, values) if code.lower() not in _NO_CODES)


def _message(found: Json) -> str:
    said = (_unwrapped(found.get(name)) for name in ("error", *_MESSAGES))
    told = excerpt(next((each for each in said if isinstance(each, str) and each.strip()), ""), _TEXT_CHARS)
    raw = _unwrapped(mapping(found.get("metadata")).get("raw"))
    return f"{told}: {raw[:_TEXT_CHARS]}" if isinstance(raw, str) and raw.strip() else told


def _param(found: Json) -> str:
    """The parameter that it is about: `param`, or the place that FastAPI and its like give as a list."""
    place = found.get("loc")
    named = ".".join(map(word, place[:10])) if isinstance(place, list) else word(found.get("param"))
    return "" if named == "None" else named


def _is_status(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isdigit() and code[0] in "45"
