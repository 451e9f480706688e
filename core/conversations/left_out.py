"""What the model is not shown of a question's files, and the sentences that tell its author why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain import Translator
from core.i18n import Phrase
from core.settings import LimitsSettings
from core.util.text import shorten

MOST_NAMES = 10
NAME_CHARS = 80


class Why(StrEnum):
    """Why a file, or a part of it, is not shown to the model."""

    KIND = "kind"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    GONE = "gone"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_LARGE_TOGETHER = "too_large_together"
    TEXT_CUT = "text_cut"
    """Its beginning is shown, at most."""
    NOT_INTERPRETED = "not_interpreted"
    """It was to be put into words, and could not be."""
    NO_CREDIT = "no_credit"
    BUSY = "busy"
    DAILY = "daily"
    """Its author had as many put into words as they may in a day."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that the model is not shown, or not all of."""

    name: str
    why: Why
    is_earlier: bool = False
    """Whether it came with a message before the question."""


SENTENCES = {
    Why.KIND: Phrase.ATTACHMENT_KIND,
    Why.UNREADABLE: Phrase.ATTACHMENT_SKIPPED,
    Why.EMPTY: Phrase.ATTACHMENT_EMPTY,
    Why.GONE: Phrase.ATTACHMENT_GONE,
    Why.TOO_LARGE: Phrase.ATTACHMENT_TOO_LARGE,
    Why.TOO_MANY: Phrase.ATTACHMENTS_TOO_MANY,
    Why.TOO_LARGE_TOGETHER: Phrase.ATTACHMENTS_TOO_LARGE,
    Why.TEXT_CUT: Phrase.ATTACHMENT_TEXT_CUT,
    Why.NOT_INTERPRETED: Phrase.ATTACHMENT_NOT_HEARD,
    Why.NO_CREDIT: Phrase.ATTACHMENT_NO_CREDIT,
    Why.BUSY: Phrase.ATTACHMENT_BUSY,
    Why.DAILY: Phrase.ATTACHMENT_DAILY,
}
"""What people are told of files that the model was not shown, or not all of."""


def sentences_of(left_out: Sequence[LeftOut], limits: LimitsSettings, translator: Translator) -> list[str]:
    """One sentence for each reason, in the order of the files; of very many files it names the first ones."""
    names: dict[Why, list[str]] = {}
    for each in left_out:
        names.setdefault(each.why, []).append(shorten(each.name, NAME_CHARS))
    person_bytes = int(limits.attachment_memory_bytes * limits.person_share)
    most: dict[Why, float] = {
        Why.TOO_LARGE: _mb(limits.attachment_bytes),
        Why.TOO_MANY: limits.attachments,
        Why.TOO_LARGE_TOGETHER: _mb(min(limits.attachment_total_bytes, person_bytes)),
        Why.TEXT_CUT: limits.attachment_text_chars,
    }
    return [
        translator.say(SENTENCES[why], name=_listed(found), most=most.get(why))
        for why, found in names.items()
    ]


def _mb(size_bytes: int) -> float:
    return round(size_bytes / 1_000_000, 2)


def _listed(names: Sequence[str]) -> str:
    more = " …" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
