"""What went wrong on the way to AIVAX becomes one of our errors: the one place that knows statuses and httpx.

The errors carry what the service said for the operator's log: shortened, on one line, and without anything that
is a key or a prompt. httpx's exceptions end here and are not chained, because they hold the request with its key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from email.utils import parsedate_to_datetime

import httpx

from core.aivax.chunks import NotJson, decode, dumped, word
from core.errors import (
    AivaxError,
    AnswerCut,
    ContextTooLong,
    GatewayUnknown,
    KeyRefused,
    NoBalance,
    NotAllowed,
    RateLimited,
    RequestRefused,
    Unavailable,
)

Scrub = Callable[[str], str]

_DETAIL_CHARS = 300
_CODE_CHARS = 80
_ECHO_CHARS = 16
_LONGEST_WAIT_S = 31 * 86_400.0
_KEY_LIKE = re.compile(
    r"(?i)\b(?:sk|pk|oky|xox\w|key)[-_][\w.\-]{6,}|\b(?:bearer|basic)\s+[\w.\-+/=~]{6,}|api[-_]key=[^&\s]+"
)
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
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


def scrub(text: str, hidden: Collection[str] = ()) -> str:
    """Shorten a foreign text to one line and take out keys, whatever looks like one, and echoes of `hidden`."""
    text = _one_line(text[: _DETAIL_CHARS * 2])
    secrets = [_one_line(secret) for secret in hidden]
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, "***")
    text = _KEY_LIKE.sub("***", _without_echoes(text, "\0".join(secrets)))
    return text if len(text) <= _DETAIL_CHARS else text[: _DETAIL_CHARS - 1] + "…"


def _one_line(text: str) -> str:
    text = " ".join(text.replace("\\n", " ").replace("\\", "").split())
    return "".join(char for char in text if char.isprintable())


def _without_echoes(text: str, secrets: str) -> str:
    """Mask every run of the secrets that is too long to stand there by chance."""
    echoed: set[int] = set()
    for start in range(len(text) - _ECHO_CHARS + 1):
        if text[start : start + _ECHO_CHARS] in secrets:
            echoed.update(range(start, start + _ECHO_CHARS))
    masked = "".join("\0" if place in echoed else char for place, char in enumerate(text))
    return re.sub("\0+", "***", masked)


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
        text = body.decode("utf-8", "replace")
        title = _TITLE.search(text)
        return "", title.group(1) if title else re.sub(r"<[^>]*>", " ", text)
    error = answer.get("error")
    if isinstance(error, dict):
        return error_of(error)
    rest = error or answer.get("detail") or answer.get("message")
    return word(answer.get("code")), dumped(rest)


def error_of(error: object) -> tuple[str, str]:
    """Read an error object, or the text that stands in its place: its code and what it says."""
    if not isinstance(error, dict):
        return "", dumped(error)
    param = word(error.get("param"))
    message = dumped(error.get("message"))
    return word(error.get("code")) or word(error.get("type")), f"{param}: {message}" if param else message


def of_word(code: str, detail: str) -> AivaxError | None:
    """Choose the error of an in-stream error whose code is a word; None where the word says nothing to us."""
    return ContextTooLong(code=code, detail=detail) if _TOO_LONG.search(f"{code} {detail}") else None


def status_of(code: str) -> int:
    """Return the status that an in-stream error's code is; 0 where it is none."""
    return int(code) if re.fullmatch(r"[45]\d\d", code) else 0


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


def of_transport(error: httpx.HTTPError | httpx.StreamError | OSError, *, clean: Scrub) -> Unavailable:
    """Translate what httpx raises. Raise the result `from None`: the original holds the request."""
    code = "connect_timeout" if isinstance(error, httpx.ConnectTimeout) else "no_connection"
    if not isinstance(error, httpx.ConnectTimeout | httpx.ConnectError | httpx.ProxyError | OSError):
        code = "connection_lost"
    return Unavailable(code=code, detail=clean(f"{type(error).__name__}: {error}"))


def cut(error: Unavailable) -> AnswerCut:
    """Say of a failure that it came after the first visible text."""
    return AnswerCut(status=error.status, code=error.code, detail=error.detail)
