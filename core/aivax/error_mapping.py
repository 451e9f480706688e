"""What AIVAX answers in place of an answer becomes one of our errors: the one place that weighs statuses and words.

The same status means many things, and every server has its own words: `refusals` reads both. The errors carry what
the service said for the operator's log, as `error_text.scrub` leaves it; the words are looked for in what is left, so
that nothing that people wrote, and a server repeats, decides the cause.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from core.aivax.error_text import Scrub
from core.aivax.refusals import bodies
from core.aivax.refusals.bodies import Said
from core.aivax.refusals.too_long import is_too_long, is_too_much_at_once
from core.aivax.refusals.words import Meaning, has_code, says, tells
from core.aivax.stream.chunks import NotJson, decode_any
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
_PAGE = re.compile(r"(?is)\s*(?:<!doctype html|<html|<head|<body|<\?xml|<!--)")
_CAP_S = 600.0
"""As long as the service's own client leaves a model alone whose ceiling is reached."""
_OF_STATUS: dict[int, type[AivaxError]] = {
    401: KeyRefused,
    402: NoBalance,
    403: NotAllowed,
    404: GatewayUnknown,
    408: Unavailable,
    413: ContextTooLong,
    424: Unavailable,
    425: Unavailable,
    429: RateLimited,
    498: Unavailable,
    499: Unavailable,
}
_OF_WORD: tuple[tuple[Meaning, type[AivaxError]], ...] = (
    (Meaning.CONTENT, RequestRefused),
    (Meaning.KEY, KeyRefused),
    (Meaning.MODEL, GatewayUnknown),
    (Meaning.RATE, RateLimited),
    (Meaning.FORBIDDEN, NotAllowed),
    (Meaning.OUTAGE, Unavailable),
    (Meaning.REQUEST, RequestRefused),
)
_WITHOUT_MEANING = frozenset({400, 422, 0})
"""Statuses, or none, that say no more than that something is wrong: the words alone tell what."""


def of_status(
    status: int,
    *,
    code: str = "",
    detail: str = "",
    retry_after_s: float | None = None,
    codes: Sequence[str] = (),
    page: bool = False,
) -> AivaxError:
    """Choose the error of a status; what the service said decides where one status means several things.

    `status` is 0 where there was none, as in a stream. `codes` are all that it gave, `page` says that a web page
    answered.
    """
    kind = _kind(status, codes or (code,), detail, page=page)
    if says(Meaning.CAP, codes or (code,), ""):
        kind, retry_after_s = RateLimited, retry_after_s or _CAP_S
    return kind(status=status, code=code, detail=detail, retry_after_s=retry_after_s)


def _kind(status: int, codes: Sequence[str], detail: str, *, page: bool) -> type[AivaxError]:
    if page and status == 403:
        return Unavailable  # a proxy stands between
    if has_code(Meaning.BALANCE, codes):
        return NoBalance
    if status not in (401, 402, 429) and is_too_long(codes, detail):
        return ContextTooLong
    if status == 429:
        return _of_429(codes, detail)
    if status in (400, 403, 500, 0) and _tells_of_money(codes, detail):
        return NoBalance
    if status in _WITHOUT_MEANING:
        return _by_word(status, codes, detail)
    if status in (401, 403):
        return _of_forbidden(status, codes, detail)
    if status >= 500 and has_code(Meaning.MODEL, codes):
        return GatewayUnknown
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    return RequestRefused if 400 <= status < 500 else Unavailable


def _of_429(codes: Sequence[str], detail: str) -> type[AivaxError]:
    """A rate, unless it tells of money, or of one request that alone is more than the rate lets in."""
    if is_too_much_at_once(detail):
        return ContextTooLong
    return NoBalance if _tells_of_money(codes, detail) else RateLimited


def _tells_of_money(codes: Sequence[str], detail: str) -> bool:
    if tells(Meaning.RATE, detail):
        return False
    if tells(Meaning.BALANCE, detail):
        return True
    return tells(Meaning.QUOTA, detail) and not has_code(Meaning.RATE, codes)


def _of_forbidden(status: int, codes: Sequence[str], detail: str) -> type[AivaxError]:
    """The key, or what it may do: told by the word, else by the status."""
    if status == 403 and says(Meaning.CONTENT, codes, detail):
        return RequestRefused
    if says(Meaning.FORBIDDEN, codes, detail):
        return NotAllowed
    if status == 403 and has_code(Meaning.RATE, codes):
        return RateLimited
    return KeyRefused if has_code(Meaning.KEY, codes) else _OF_STATUS[status]


def _by_word(status: int, codes: Sequence[str], detail: str) -> type[AivaxError]:
    """A code tells more than the message, and the message more than a code that says only that it was refused."""
    for meaning, kind in _OF_WORD[:-1]:
        if has_code(meaning, codes):
            return kind
    for meaning, kind in _OF_WORD[:-1]:
        if tells(meaning, detail) and (meaning is not Meaning.OUTAGE or not status):
            return kind
    return RequestRefused if status or has_code(Meaning.REQUEST, codes) else Unavailable


def of_response(status: int, retry_after: str | None, body: bytes, *, now: float, clean: Scrub) -> AivaxError:
    """Read an answer that is a refusal: any JSON shape, or a proxy's HTML. `now` is in epoch seconds."""
    said, page = _said(body)
    return of_status(
        status,
        code=clean(said.code)[:_CODE_CHARS],
        codes=[clean(code)[:_CODE_CHARS] for code in said.codes],
        detail=clean(said.message),
        retry_after_s=retry_after_s(retry_after, now=now),
        page=page,
    )


def _said(body: bytes) -> tuple[Said, bool]:
    try:
        return bodies.read(decode_any(body)), False
    except NotJson:
        text = body.decode("utf-8", "replace")[:_PAGE_CHARS]
        title = _TITLE.search(text)
        told = title.group(1) if title else _TAG.sub(" ", text)
        return Said(message=told), title is not None or _PAGE.match(text) is not None


def of_event(error: object, *, said: bool, clean: Scrub) -> AivaxError:
    """Choose the error of one that stands in the stream: while nothing was said, by its code, a status or a word.

    `error` is the error object, the text in its place, or the whole event or body that holds it.
    """
    told = bodies.read(error or {})
    code, detail = clean(told.code)[:_CODE_CHARS] or "error", clean(told.message)
    if said:
        return AnswerFailed(status=told.status, code=code, detail=detail)
    codes = [clean(each)[:_CODE_CHARS] for each in told.codes]
    return of_status(told.status, code=code, codes=codes, detail=detail)


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
