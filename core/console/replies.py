"""The bot's own sentences as they hold: the operator's wording, else the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.i18n import LANGUAGES, PHRASES, overridden, sentences


@dataclass(frozen=True, slots=True)
class Reply:
    """One sentence in one language."""

    key: str
    """Its name in `[replies.sentences]`."""
    text: str
    is_own: bool
    """Whether the operator wrote it."""


Wording = Mapping[str, str | dict[str, str]]
"""What stands in `[replies.sentences]`."""


def replies(wording: Wording, language: str) -> Sequence[Reply]:
    """Every sentence in one of `LANGUAGES`, in the order of the catalogue."""
    own, translated = overridden(wording, language), sentences(language)
    return [
        Reply(each.key, own.get(each.key) or translated.get(each.key, each.value), each.key in own)
        for each in PHRASES
    ]


def languages() -> Mapping[str, str]:
    """The languages by their code, each by its own name."""
    return LANGUAGES
