"""Where e-mail addresses, phone numbers, card numbers and keys stand in a text.

Every step takes time in proportion to the text: runs are taken whole (possessive), and no expression can begin again
inside of one. What is found is what such values look like; a value that is spelled out, or cut by words, is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from core.guard.settings import Kind

Span = tuple[int, int]
MARGIN = 512
"""How far beyond the end of a window a value may go that begins in it; the rest of a longer key is taken by itself."""

_LOCAL = re.compile(r"[\w.%+'-]{1,64}\Z")
_DOMAIN = re.compile(r"(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}")
_NUMBER = re.compile(r"(?<![\w+.-])(?:\+|\(|\+\()?\d(?:[ ()./\u00a0\u2011-]{0,2}\d){5,19}+(?![\w])")
_NO_PHONE = re.compile(
    r"\d{4}[-./]\d{1,2}[-./]\d{1,2}\b.*|\d{1,2}[-./]\d{1,2}[-./]\d{4}\b.*"  # dates
    r"|\d{1,3}(?:\.\d{1,3}){3}|\d+\.\d+|\d{1,3}(?:[. ]\d{3})+",  # addresses of machines, decimals, amounts
    re.DOTALL,
)
_DIGIT_GROUPS = re.compile(r"\d(?:[ \u00a0-]?\d){12,}+")
_GROUP = re.compile(r"\d++")
_KEY = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"(?P<pem>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)"
    r"|(?P<known>(?:(?:sk|pk|rk)[_-]|gh[opusr]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|npm_|pypi-|hf_|SG\.)"
    r"[A-Za-z0-9._-]{12,400}+|eyJ[A-Za-z0-9_-]{8,400}+)"
    r"|[A-Za-z0-9_-]{32,400}+"
    r")"
)
_SECRET = re.compile(
    r"(?i:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|bearer|senha|contrase\xf1a|clave)"
    r"[\"']?[ \t]{0,3}[:= ][ \t]{0,3}[\"']?(?P<value>[^\s\"'<>\[\]]{6,200}+)"
)
_REST_OF_KEY = re.compile(r"[A-Za-z0-9_+/=.-]*+")
_REST_OF_PEM = re.compile(r"[A-Za-z0-9+/=\s]*+(?:-----END [A-Z ]{0,30}-----)?")


def emails(text: str, start: int, end: int) -> Iterator[Span]:
    """E-mail addresses whose sign stands in `[start, end)`."""
    at, left_from = text.find("@", start, end), 0
    while at != -1:
        local = _LOCAL.search(text[max(left_from, at - 64) : at])
        domain = _DOMAIN.match(text, at + 1, at + 1 + MARGIN)
        if local is not None and domain is not None:
            yield at - len(local[0]), domain.end()
        left_from = at + 1
        at = text.find("@", left_from, end)


def phones(text: str, start: int, end: int) -> Iterator[Span]:
    """Numbers that look like those of phones, within or without a country."""
    for found in _NUMBER.finditer(text, start, min(end + MARGIN, len(text))):
        if found.start() >= end:
            return
        if _is_phone(found[0]):
            yield found.span()


def _is_phone(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    if text[0] in "+(":
        return 7 <= digits <= 15
    if not 9 <= digits <= 15 or _NO_PHONE.fullmatch(text):
        return False
    return digits < len(text) or digits >= 10 or text[0] in "06789"


def cards(text: str, start: int, end: int) -> Iterator[Span]:
    """Numbers of 13 to 19 digits, in groups or not, whose check digit is right."""
    for found in _DIGIT_GROUPS.finditer(text, start, min(end + MARGIN, len(text))):
        if found.start() >= end:
            return
        groups = [each.span() for each in _GROUP.finditer(text, *found.span())]
        yield from _cards_in(text, groups)


def _cards_in(text: str, groups: list[Span]) -> Iterator[Span]:
    """Cards that begin where a group of digits does, and end where one does."""
    digits = [int(each) if each.isdecimal() else 0 for begin, end in groups for each in text[begin:end]]
    doubled = [sum(divmod(2 * each, 10)) for each in digits]
    odd = [
        0,
        *accumulate(
            two if at % 2 else one for at, (one, two) in enumerate(zip(digits, doubled, strict=True))
        ),
    ]
    even = [
        0,
        *accumulate(
            one if at % 2 else two for at, (one, two) in enumerate(zip(digits, doubled, strict=True))
        ),
    ]
    offsets = [0, *accumulate(end - begin for begin, end in groups)]
    taken = 0
    for first, (begin, _) in enumerate(groups):
        if begin < taken:
            continue
        for last in range(min(first + 18, len(groups) - 1), first - 1, -1):
            low, high = offsets[first], offsets[last + 1]
            if 13 <= high - low <= 19 and digits[low] in (2, 3, 4, 5, 6):
                sums = odd if (high - 2) % 2 else even  # every second one from the right is doubled
                if (sums[high] - sums[low]) % 10 == 0:
                    taken = groups[last][1]
                    yield begin, taken
                    break


def keys(text: str, start: int, end: int) -> Iterator[Span]:
    """Keys, tokens and passwords: by how they begin, by what stands before them, or by looking like chance."""
    most, taken = min(end + MARGIN, len(text)), 0
    for found in _SECRET.finditer(text, start, most):
        if found.start() >= end:
            break
        if found.end() > taken:
            taken = _end_of_run(_REST_OF_KEY, text, found.end())
            yield found.start("value"), taken
    taken = 0
    for found in _KEY.finditer(text, start, most):
        if found.start() >= end:
            break
        if found.end() > taken and (found["pem"] or found["known"] or _is_by_chance(found[0])):
            taken = _end_of_run(_REST_OF_PEM if found["pem"] else _REST_OF_KEY, text, found.end())
            yield found.start(), taken


def _end_of_run(run: re.Pattern[str], text: str, start: int) -> int:
    """Where a run ends that goes on from `start`, however long it is."""
    found = run.match(text, start)
    return found.end() if found is not None else start


def _is_by_chance(text: str) -> bool:
    """Whether no name would be written so: capitals, small letters and several digits."""
    kinds = [sum(map(test, text)) for test in (str.isupper, str.islower, str.isdigit)]
    return kinds[0] >= 2 and kinds[1] >= 2 and kinds[2] >= 3


FINDERS: Mapping[Kind, Callable[[str, int, int], Iterator[Span]]] = {
    "token": keys,
    "email": emails,
    "card": cards,
    "phone": phones,
}
"""In the order in which they name what two of them find."""
