"""How long a server asks to wait, in whichever way it says so: headers, fields of the body, or its sentence.

Waits are seconds from now, never negative, and bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice

from core.aivax.refusals.patterns import AnyOf, code_words

LONGEST_S = 31 * 86_400.0
_EPOCH_S = 1e9
"""A number beyond it is a point in time: in seconds since 1970, or from a thousand times that on in milliseconds."""
_FIELDS = 200
_TEXT_CHARS = 600

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_UNITS = (
    r"ms|milli(?:s(?:econds?)?)?|s(?:ec(?:ond)?s?|egundos?)?|m(?:in(?:ut[eo])?s?)?|h(?:(?:ou)?rs?|oras?)?|d(?:ays?|[ií]as?)?"
    r"|毫秒|秒|分钟?|小时|天"
)
_CHINESE = {"毫秒": "ms", "秒": "s", "分": "m", "分钟": "m", "小时": "h", "天": "d"}
_PART = re.compile(rf"(\d{{1,12}}(?:\.\d{{1,12}})?|an?\b)\s{{0,3}}({_UNITS})(?![a-z])", re.IGNORECASE)
_JOINT = re.compile(r"\s{0,3}(?:,|and|e|y)?\s{0,3}", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,3}):(\d{2}):(\d{2})(?:\.\d+)?$")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?: ?(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
_SAID = re.compile(
    r"(?:try(?:ing)?(?: \w+)? again|retry(?:ing)?|wait(?:ing)?|resets?|reset|available(?: again)?|come back|later"
    r"|nova?mente|aguarde|de nuevo)\b"
    r"(?:[^.\d\n]|\.(?!\s)){0,40}?(?=\d|\ban? (?:second|minute|hour|day))|请.{0,6}?(?=\d)",
    re.IGNORECASE,
)
_BEFORE_BARE = re.compile(r"(?:after|in|for|wait)[:=\s]*$", re.IGNORECASE)
_BARE = re.compile(r"\d{1,9}(?:\.\d{1,9})?(?![\w.:/%-])")

_FIELD = AnyOf(
    r"(?:.*_)?retry_?(?:after|delay|in)(?:_\w+)?",
    r"(?:.*_)?(?:quota_?)?resets?_?(?:at|in|after|time|delay|timestamp|time_stamp|seconds|ms)(?:_\w+)?",
    r"x_rate_?limit_reset(?:_\w+)?|estimated_time|wait_?(?:time|seconds|s|ms)(?:_\w+)?|cooldown(?:_\w+)?",
)
_RESET = re.compile(r"(?:^|[-_])rate-?limit(?:by\w+)?(?:[-_]\w+)*?[-_]resets?(?:$|[-_])|^ratelimit$")
_RETRY_HEADERS = (
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "retry-after",
    "x-retry-after",
    "x-ratelimit-retry-after",
)


def of_headers(headers: Mapping[str, str], *, now: float) -> float | None:
    """What the headers ask for outright: milliseconds before seconds, as OpenAI's own SDKs read them."""
    given = {name.lower(): value for name, value in headers.items()}
    for name in _RETRY_HEADERS:
        wait_s = seconds(given.get(name), now=now, unit="ms" if name.endswith("-ms") else "s")
        if wait_s is not None:
            return wait_s
    return None


def until_reset(headers: Mapping[str, str], *, now: float) -> float | None:
    """When a rate is reset that is used up; where it is not told which one is, the longest wait of all."""
    given = {name.lower(): value for name, value in headers.items()}
    waits: dict[str, float] = {}
    for name in islice((each for each in given if _RESET.search(each)), _FIELDS):
        wait_s = seconds(_structured(given[name]), now=now)
        if wait_s is not None:
            waits[name] = wait_s
    left = {name: given.get(name.replace("reset", "remaining"), "") for name in waits}
    used_up = [wait_s for name, wait_s in waits.items() if left[name].strip() in ("0", "0.0")]
    unknown = [wait_s for name, wait_s in waits.items() if not left[name].strip()]
    return max(used_up or unknown or waits.values(), default=None)


def of_body(document: object, *, now: float) -> float | None:
    """What a field of the body asks for, such as `retryDelay`."""
    for name, value in islice(_fields(document), _FIELDS):
        words = code_words(name)
        if _FIELD.fullmatch(words):
            unit = (
                "ms"
                if re.search(r"(?:_|^)(?:ms|millis\w*)$", words)
                else "m"
                if words.endswith("minutes")
                else "s"
            )
            wait_s = seconds(value, now=now, unit=unit)
            if wait_s is not None:
                return wait_s
    return None


def of_text(text: str, *, now: float) -> float | None:
    """What a sentence asks for: `try again in 7m12s`, `wait 30 seconds`, `resets at 2026-11-03 13:09:40 UTC`."""
    for found in _SAID.finditer(text[:_TEXT_CHARS]):
        rest = text[found.end() : found.end() + 80]
        if date := _DATE.match(rest):
            return seconds(date[0], now=now)
        wait_s = _duration(rest)
        if wait_s is None and _BEFORE_BARE.search(found[0]) and (bare := _BARE.match(rest)):
            wait_s = float(bare[0])
        if wait_s is not None:
            return bounded(wait_s)
    return None


def seconds(value: object, *, now: float, unit: str = "s") -> float | None:
    """Read a wait: a number of `unit`s, `6m0s`, `00:07:12`, or a point in time in any usual form."""
    if isinstance(value, dict):
        value = value.get("seconds")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        text = str(value).strip()[:_TEXT_CHARS]
        clock = _CLOCK.match(text)
        if clock:
            return bounded(int(clock[1]) * 3_600.0 + int(clock[2]) * 60.0 + int(clock[3]))
        wait_s = _duration(text)
        return bounded(wait_s) if wait_s is not None else _until(text, now)
    if not math.isfinite(number):
        return None
    if number >= _EPOCH_S:
        return bounded((number / 1_000 if number >= _EPOCH_S * 1_000 else number) - now)
    return bounded(number * _UNIT_S[unit])


def bounded(wait_s: float) -> float:
    """Never negative, and never longer than `LONGEST_S`."""
    return min(max(wait_s, 0.0), LONGEST_S)


def _duration(text: str) -> float | None:
    """Read a length of time at the beginning of a text: `7m12s`, `1 hour, 5 minutes and 3 seconds`, `an hour`."""
    total_s, at = None, 0
    while part := _PART.match(text, at):
        number, unit = part[1].lower(), part[2].lower()
        short = _CHINESE.get(unit) or ("ms" if unit.startswith(("ms", "mil")) else unit[0])
        total_s = (total_s or 0.0) + (1.0 if number.startswith("a") else float(number)) * _UNIT_S[short]
        at = part.end()
        joint = _JOINT.match(text, at)
        at = joint.end() if joint and _PART.match(text, joint.end()) else at
    return total_s


def _until(text: str, now: float) -> float | None:
    try:
        if _DATE.fullmatch(text):
            moment = datetime.fromisoformat(re.sub(r" ?(?:UTC|GMT)$", "+00:00", text))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        else:
            moment = parsedate_to_datetime(text)
        return bounded(moment.timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _structured(value: str) -> str:
    """The seconds of a structured field, of both drafts of the IETF: `limit=9, reset=30` and `"d";r=0;t=30`."""
    found = re.search(r"(?:\breset|;\s?t)=(\d{1,12})", value)
    return found[1] if found else value


def _fields(value: object, deep: int = 0) -> Iterator[tuple[str, object]]:
    """Each named field of a body, outer ones first, down to a bound."""
    if isinstance(value, list):
        for each in value[:20]:
            yield from _fields(each, deep + 1)
    elif isinstance(value, dict) and deep < 6:
        for name, inner in islice(value.items(), 50):
            yield str(name)[:80], inner
        for inner in islice(value.values(), 50):
            yield from _fields(inner, deep + 1)
