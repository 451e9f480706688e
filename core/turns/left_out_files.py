"""What people are told of files that the model was not shown, or not all of: a sentence for each reason."""

from __future__ import annotations

from collections.abc import Sequence

from core.conversations.attachments import LeftOut, Why
from core.domain.translator import Translator
from core.i18n.catalog import Phrase
from core.settings import LimitsSettings
from core.util.text import shorten

_MOST_NAMES = 10
_NAME_CHARS = 80
_BYTES_PER_MB = 1_000_000


def sentences_of(left_out: Sequence[LeftOut], limits: LimitsSettings, translator: Translator) -> list[str]:
    """One sentence for each reason, in the order of the files; of very many files it names the first ones."""
    names: dict[Why, list[str]] = {}
    for each in left_out:
        names.setdefault(each.why, []).append(shorten(each.name, _NAME_CHARS))
    return [_sentence(why, _listed(found), limits, translator) for why, found in names.items()]


def _sentence(why: Why, name: str, limits: LimitsSettings, translator: Translator) -> str:
    match why:
        case Why.KIND:
            return translator.say(Phrase.ATTACHMENT_KIND, name=name)
        case Why.UNREADABLE:
            return translator.say(Phrase.ATTACHMENT_SKIPPED, name=name)
        case Why.TOO_LARGE:
            return translator.say(Phrase.ATTACHMENT_TOO_LARGE, name=name, most=_mb(limits.attachment_bytes))
        case Why.TOO_MANY:
            return translator.say(Phrase.ATTACHMENTS_TOO_MANY, name=name, most=limits.attachments)
        case Why.TOO_LARGE_TOGETHER:
            part = int(limits.attachment_memory_bytes * limits.person_share)
            most = _mb(min(limits.attachment_total_bytes, part))
            return translator.say(Phrase.ATTACHMENTS_TOO_LARGE, name=name, most=most)
        case Why.TEXT_CUT:
            return translator.say(Phrase.ATTACHMENT_TEXT_CUT, name=name, most=limits.attachment_text_chars)


def _mb(size_bytes: int) -> float:
    return round(size_bytes / _BYTES_PER_MB, 2)


def _listed(names: Sequence[str]) -> str:
    more = " …" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
