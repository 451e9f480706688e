"""What AIVAX answers in place of an answer becomes one of our errors: the one place that weighs statuses and words.

The same status means many things, and every server has its own words: `refusals` reads both. The errors carry what
the service said for the operator's log, as `error_text.scrub` leaves it; the words are looked for in what is left, so
that nothing that people wrote, and a server repeats, decides the cause.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import time

from core.aivax.error_text import Scrub
from core.aivax.refusals import bodies, waits
from core.aivax.refusals.bodies import Said
from core.aivax.refusals.too_long import is_too_long, is_too_much_at_once
from core.aivax.refusals.words import Meaning, has_code, says, tells
from core.aivax.stream.chunks import NotJson, decode_any
from core.domain import (
    AddressWrong,
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
_TAIL_CHARS = 300
_TITLE = re.compile(r"(?i)<title[^<>]*>([^<]*)</title")
_TAG = re.compile(r"<[^<>]*>")
_PLAIN_TO_TLS = re.compile(r"(?i)http request (?:was sent )?to (?:an? )?https")
CAP_S = 600.0
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
_OF_FILES = frozenset({400, 404, 415, 422, 500, 501, 0})
"""Statuses with which servers refuse a picture that their model can't read: OpenRouter with 404, llama.cpp with 500."""
_WITHOUT_MEANING = frozenset({400, 422, 0})
"""Statuses, or none, that say no more than that something is wrong: the words alone tell what."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal, scrubbed. `status` is 0 where there was none, `page` says that a web page answered."""

    status: int
    codes: Sequence[str] = ()
    detail: str = ""
    page: bool = False
    code: str = ""

    @property
    def error(self) -> type[AivaxError]:
        """What it means; what the service said decides where one status means several things."""
        return _kind(self.status, self.codes, self.detail, page=self.page)

    def says(self, meaning: Meaning) -> bool:
        return says(meaning, self.codes, self.detail)


def of_status(status: int, *, code: str = "", detail: str = "") -> AivaxError:
    """Choose the error of a status, or of 0 where there was none, by what was said."""
    return _raised(Refusal(status, (code,), detail, code=code), None)


def _raised(refusal: Refusal, wait_s: float | None) -> AivaxError:
    kind = refusal.error
    if has_code(Meaning.CAP, refusal.codes):
        kind, wait_s = RateLimited, wait_s or CAP_S
    if kind is AddressWrong:
        code = "web_page" if refusal.page else "no_such_route"
        if _PLAIN_TO_TLS.search(refusal.detail):
            code = "no_http"
        return AddressWrong(status=refusal.status, code=code, detail=refusal.detail)
    return kind(status=refusal.status, code=refusal.code, detail=refusal.detail, retry_after_s=wait_s)


def _kind(status: int, codes: Sequence[str], detail: str, *, page: bool) -> type[AivaxError]:
    if page and (status == 403 or status >= 500):
        return Unavailable  # a proxy stands between
    if status in _OF_FILES and tells(Meaning.MEDIA, detail):
        return RequestRefused
    if _leads_elsewhere(status, codes, detail, page=page):
        return AddressWrong
    if status == 429:
        return _of_429(codes, detail)
    if has_code(Meaning.BALANCE, codes):
        return NoBalance
    if status not in (401, 402) and is_too_long(codes, detail):
        return ContextTooLong
    if status in (400, 403, 500, 0) and _tells_of_money(codes, detail):
        return NoBalance
    return _of_what_is_left(status, codes, detail)


def _of_what_is_left(status: int, codes: Sequence[str], detail: str) -> type[AivaxError]:
    if status in _WITHOUT_MEANING:
        return _by_word(status, codes, detail)
    if status in (401, 403):
        return _of_forbidden(status, codes, detail)
    if status >= 500 and has_code(Meaning.MODEL, codes):
        return GatewayUnknown
    if status in _OF_STATUS:
        return _OF_STATUS[status]
    return RequestRefused if 400 <= status < 500 else Unavailable


def _leads_elsewhere(status: int, codes: Sequence[str], detail: str, *, page: bool) -> bool:
    """Whether there is no such route, rather than no such model."""
    if status not in (400, 404, 405, 0) or says(Meaning.MODEL, codes, detail):
        return False
    return tells(Meaning.ADDRESS, detail) or status == 405 or (status == 404 and page)


def _of_429(codes: Sequence[str], detail: str) -> type[AivaxError]:
    """A rate, unless it tells of money, or of one request that alone is more than the rate lets in."""
    if has_code(Meaning.BALANCE, codes):
        return NoBalance
    if is_too_much_at_once(detail):
        return ContextTooLong
    return NoBalance if _tells_of_money(codes, detail) else RateLimited


def _tells_of_money(codes: Sequence[str], detail: str) -> bool:
    if tells(Meaning.RATE, detail) or says(Meaning.CONTENT, codes, detail):
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


def of_response(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, clean: Scrub
) -> AivaxError:
    """Read an answer that is a refusal: any JSON shape, or a proxy's page. `now` is in epoch seconds."""
    document, page = _document(body) if body.strip() or status != 404 else ("Not Found", False)
    said = bodies.read(document)
    refusal = _scrubbed(status, said, clean, page=page)
    if 300 <= status < 400 and (location := headers.get("location", "")):
        detail = clean(f"it redirects to {location.partition('?')[0]}")
        return AddressWrong(status=status, code="redirect", detail=detail, leads_to=location)
    wait_s = waits.of_headers(headers, now=now)
    if wait_s is None:
        wait_s = _told_wait_s(refusal, document, said, clean, now)
    if wait_s is None and refusal.error is RateLimited:
        wait_s = waits.until_reset(headers, now=now)
    return _raised(refusal, wait_s)


def of_page(status: int, body: bytes, clean: Scrub) -> AddressWrong:
    """A web page answered where an answer was asked for."""
    _, detail = "", clean(_title(body))
    return AddressWrong(status=status, code="web_page", detail=detail)


def is_page(body: bytes) -> bool:
    """Whether a body is a web page, or at least no answer: neither JSON nor events begin so."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def of_event(error: object, *, said: bool, clean: Scrub) -> AivaxError:
    """Choose the error of one that stands in the stream: while nothing was said, by its code, a status or a word.

    `error` is the error object, the text in its place, or the whole event or body that holds it.
    """
    told = bodies.read(error or {})
    refusal = _scrubbed(told.status, told, clean)
    if said:
        return AnswerFailed(status=told.status, code=refusal.code or "error", detail=refusal.detail)
    return _raised(
        replace(refusal, code=refusal.code or "error"), _told_wait_s(refusal, error, told, clean, time())
    )


def _scrubbed(status: int, said: Said, clean: Scrub, *, page: bool = False) -> Refusal:
    codes = [_clean_code(code, clean) for code in said.codes]
    return Refusal(status, codes, clean(said.message), page, _clean_code(said.code, clean))


def _clean_code(code: str, clean: Scrub) -> str:
    """A code without keys; one of plain words stays whole, though `key_...` may look like one."""
    apart = code.replace("_", " ")
    is_words = code.isascii() and apart.replace(" ", "").isalpha() and clean(apart) == apart
    return (code if is_words else clean(code))[:_CODE_CHARS]


def _told_wait_s(refusal: Refusal, document: object, said: Said, clean: Scrub, now: float) -> float | None:
    """The wait that a body tells, where waiting helps; its sentence often stands at the end of a long one."""
    if not issubclass(refusal.error, RateLimited | Unavailable):
        return None
    wait_s = waits.of_body(document, now=now)
    if wait_s is None:
        wait_s = waits.of_text(refusal.detail, now=now)
    if wait_s is None and len(said.message) > _TAIL_CHARS:
        wait_s = waits.of_text(clean(said.message[-_TAIL_CHARS:]), now=now)
    return wait_s


def _document(body: bytes) -> tuple[object, bool]:
    """What a body holds, and whether it is a web page: of one, its title stands for it."""
    try:
        return decode_any(body), False
    except NotJson:
        return _title(body), is_page(body)


def _title(body: bytes) -> str:
    text = body.decode("utf-8", "replace")[:_PAGE_CHARS]
    title = _TITLE.search(text)
    return title[1] if title else _TAG.sub(" ", text)
