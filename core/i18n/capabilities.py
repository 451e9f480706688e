"""The words of capabilities, in every language: which one a message asks for, and what stands behind its word."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from core.domain import Capability
from core.i18n.languages import LANGUAGES, sentences


def spoken_capability(
    capabilities: Iterable[Capability], text: str, *, has_files: bool = False
) -> Capability | None:
    """The capability that a message asks for: its first word is the capability's, in any language.

    Where nothing stands behind the word of one that takes words, it is meant all the same: it tells its use. One that
    takes nothing is meant by the word alone: `account manager wanted` is a question.
    """
    word, behind = _parted(text)
    for each in capabilities:
        if word in _words(each) and _is_meant(each, behind, has_files=has_files):
            return each
    return None


def _is_meant(capability: Capability, behind: str, *, has_files: bool) -> bool:
    if capability.takes == "nothing":
        return not (behind or has_files)
    return capability.fits is None or capability.fits(behind)


def behind_word(capability: Capability, text: str) -> str:
    """What stands behind the capability's word; all of a text that does not begin with it any more."""
    word, behind = _parted(text)
    return behind if word in _words(capability) else text.strip()


def _parted(text: str) -> tuple[str, str]:
    word, *behind = text.strip().split(None, 1)[:2] or [""]
    return word.casefold().lstrip("/!").rstrip(":"), behind[0] if behind else ""


@cache
def _words(capability: Capability) -> frozenset[str]:
    word = capability.word
    spoken = (sentences(each).get(word.key, word.value).casefold() for each in LANGUAGES)
    return frozenset({capability.name, *spoken})
