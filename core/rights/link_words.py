"""How codes that link accounts are made, and what people write about them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Literal

from core.domain import Sentence
from core.forms.inputs import NO, YES
from core.i18n import LANGUAGES, LinkPhrase, sentences

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""No vowel, so that no code is a word; nothing that is taken for something else."""
MASKED = "••••-••••"
"""What is kept of a message in place of the code in it."""
FEWEST, MOST = 6, 16
"""Characters of a code, as the settings may have it."""
_LETTERS = frozenset(ALPHABET)
_GROUP = 4
_CODE = re.compile(rf"[{ALPHABET}]{{{FEWEST},{MOST}}}")
_WRITTEN = re.compile(rf"[{ALPHABET}]{{{_GROUP}}}(?:-[{ALPHABET}]{{1,{_GROUP}}})+")
"""A code in the groups that people are given it in: nothing else looks like that."""
_RUN = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]{1,2}")
"""What stands between two groups of a code that somebody typed."""
_GOES_ON = re.compile(r"[\-\u2010-\u2015][^\W_]")
_WENT_BEFORE = re.compile(r"[^\W_][\-\u2010-\u2015]")
_NUMBER = re.compile(r"[#№]?\s*([0-9]{1,4})\.?")

Kind = Literal["show", "code", "masked", "yes", "no", "together", "apart", "strange"]


@dataclass(frozen=True, slots=True)
class LinkWish:
    """What stands behind `link`."""

    kind: Kind
    code: str = ""
    """In the one form that it is known by."""
    shares_talk: bool = False
    """Whether private conversations are to be one."""


@dataclass(frozen=True, slots=True)
class WrittenCode:
    """What may be a code in a text, and where it stands there."""

    code: str
    begin: int
    end: int


def new_code(chars: int) -> str:
    """A code that nobody can guess, in groups that are easily read: `K7QM-4TXP`."""
    made = "".join(secrets.choice(ALPHABET) for _ in range(chars))
    return "-".join(made[at : at + _GROUP] for at in range(0, chars, _GROUP))


def digest_of(code: str) -> str:
    """What is stored of a code."""
    return sha256(f"link:{_bare(code)}".encode()).hexdigest()


def read_link(words: str) -> LinkWish:
    """Read what stands behind the word: nothing, a code, or one of a few words in any language.

    A code as it was given is one whatever else is said about it: it must not reach a model.
    """
    said = words.casefold().replace("--", " ").strip(" .!`").split()
    shares_talk = len(said) > 1 and said[-1] in _spoken(LinkPhrase.LINK_TOGETHER_WORD)
    code = _bare("".join(said[:-1] if shares_talk else said))
    if not said:
        return LinkWish("show")
    if said[0].startswith(MASKED[0]):
        return LinkWish("masked")
    if _CODE.fullmatch(code):
        return LinkWish("code", code, shares_talk)
    written = (each.strip(".,;:!?`'\"()").upper() for each in said)
    if (given := next((each for each in written if _is_given(each)), None)) is not None:
        return LinkWish("code", _bare(given), shares_talk)
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("yes", YES),
        ("no", NO),
        ("together", _spoken(LinkPhrase.LINK_TOGETHER_WORD)),
        ("apart", _spoken(LinkPhrase.LINK_APART_WORD)),
    )
    meant = (kind for kind, known in kinds if len(said) == 1 and said[0] in known)
    return LinkWish(next(meant, "strange"))


def is_about_linking(words: str) -> bool:
    """Whether what stands behind `link` is one of these: `link me the minutes` is a question."""
    return read_link(words).kind != "strange"


def written_codes(text: str, chars: int) -> Sequence[WrittenCode]:
    """What in a text may be a code of so many characters: in one piece, or in the groups that it is given in."""
    found: list[WrittenCode] = []
    runs = [each for each in _RUN.finditer(text) if set(each[0].upper()) <= _LETTERS]
    for at, first in enumerate(runs):
        code, end = first[0], first.end()
        for more in runs[at + 1 :] if len(code) == _GROUP else ():
            is_next = len(code) < chars and len(code) % _GROUP == 0
            if not is_next or not _BETWEEN.fullmatch(text, end, more.start()):
                break
            code, end = code + more[0], more.end()
        is_taken = bool(found) and first.start() < found[-1].end
        if len(code) == chars and not is_taken and not _is_part(text, first.start(), end):
            found.append(WrittenCode(_bare(code), first.start(), end))
    return found


def read_number(words: str) -> int | None:
    """The number behind `unlink`; 0: there is none, None: it is something else."""
    if not words.strip():
        return 0
    found = _NUMBER.fullmatch(words.strip())
    return int(found[1]) if found else None


def is_about_unlinking(words: str) -> bool:
    """Whether what stands behind `unlink` is a number, or nothing."""
    return read_number(words) is not None


def _is_part(text: str, begin: int, end: int) -> bool:
    """Whether a hyphen joins more letters to what stands there, as in a longer key."""
    return bool(_GOES_ON.match(text, end) or (begin > 1 and _WENT_BEFORE.match(text, begin - 2)))


def _is_given(word: str) -> bool:
    return bool(_WRITTEN.fullmatch(word) and _CODE.fullmatch(_bare(word)))


def _bare(code: str) -> str:
    return code.upper().replace("-", "").replace(" ", "")


@cache
def _spoken(word: Sentence) -> frozenset[str]:
    return frozenset(sentences(each).get(word.key, word.value).casefold() for each in LANGUAGES)
