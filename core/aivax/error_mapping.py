"""What AIVAX answers in place of an answer becomes one of our errors: the one place that knows statuses.

The errors carry what the service said for the operator's log, as `error_text.scrub` leaves it.
"""

from __future__ import annotations

import math
import re
from email.utils import parsedate_to_datetime

from core.aivax.error_text import Scrub
from core.aivax.stream.chunks import NotJson, decode, excerpt, word
from core.domain import (
    AivaxError,
    AnswerFailed,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    Unavailable,
)

_CODE_CHARS = 80
_PAGE_CHARS = 16_000
_LONGEST_WAIT_S = 31 * 86_400.0
_TITLE = re.compile(r"(?i)<title[^<>]*>([^<]*)</title")
_TAG = re.compile(r"<[^<>]*>")
_TOO_LONG = re.compile(
    r"(?i)context_length_exceeded|maximum context length|exceed_context_size|context_window_exceeded"
)
_NO_MODEL = frozenset({"model_not_found", "unknown_model", "gateway_not_found", "invalid_model"})
_OF_STATUS: dict[int, type[AivaxError]] = {
    401: KeyRefused,
    402: NoBalance,
    403: NotAllowed,
    404: GatewayUnknown,
    408: Unavailable,
    413: ContextTooLong,
    425: Unavailable,
    429: RateLimited,
}


def of_status(
    status: int, *, code: str = "", detail: str = "", retry_after_s: float | None = None
) -> AivaxError:
    """Choose the error of a status; what the service said decides where one status means several things."""
    return _kind(status, code, detail)(status=status, code=code, detail=detail, retry_after_s=retry_after_s)


def _kind(status: int, code: str, detail: str) -> type[AivaxError]:
    if status in (400, 413, 422) and (status == 413 or _TOO_LONG.search(f"{code} {detail}")):
        return ContextTooLong
    if status in (400, 422) and code in _NO_MODEL:
        return GatewayUnknown
    if status == 429 and code == "insufficient_quota":
        return NoBalance  # OpenAI's way to say it
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    return RequestRefused if 400 <= status < 500 else Unavailable


def of_response(status: int, retry_after: str | None, body: bytes, *, now: float, clean: Scrub) -> AivaxError:
    """Read an answer that is a refusal: either JSON shape, or a proxy's HTML. `now` is in epoch seconds."""
    code, detail = _said(body)
    return of_status(
        status,
        code=clean(code)[:_CODE_CHARS],
        detail=clean(detail),
        retry_after_s=retry_after_s(retry_after, now=now),
    )


def _said(body: bytes) -> tuple[str, str]:
    try:
        answer = decode(body)
    except NotJson:
        text = body.decode("utf-8", "replace")[:_PAGE_CHARS]
        title = _TITLE.search(text)
        return "", title.group(1) if title else _TAG.sub(" ", text)
    error = answer.get("error")
    if isinstance(error, dict):
        return error_of(error)
    rest = error or answer.get("detail") or answer.get("message")
    return word(answer.get("code")), excerpt(rest, _PAGE_CHARS)


def error_of(error: object) -> tuple[str, str]:
    """Read an error object, or the text that stands in its place: its code and what it says."""
    if not isinstance(error, dict):
        return "", excerpt(error, _PAGE_CHARS)
    param = word(error.get("param"))
    message = excerpt(error.get("message"), _PAGE_CHARS)
    return word(error.get("code")) or word(error.get("type")), f"{param}: {message}" if param else message


def of_event(error: object, *, said: bool, clean: Scrub) -> AivaxError:
    """Choose the error of one that stands in the stream: while nothing was said, by its code, a status or a word."""
    code, detail = error_of(error or {})
    code, detail = clean(code) or "error", clean(detail)
    status = int(code) if re.fullmatch(r"[45]\d\d", code) else 0
    if status and not said:
        return of_status(status, code=code, detail=detail)
    kind = ContextTooLong if not said and _TOO_LONG.search(f"{code} {detail}") else AnswerFailed
    return kind(status=status, code=code, detail=detail)


def retry_after_s(value: str | None, *, now: float) -> float | None:
    """Read `Retry-After`: seconds or an HTTP date. `now` is in epoch seconds."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if math.isfinite(seconds) else None
