"""The languages that the bot's own sentences exist in, and which of them a locale means.

Each but English has a gettext catalogue, `locales/<language>/LC_MESSAGES/replies.po`, read when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from core.i18n.catalog import Phrase

LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español", "pt_BR": "Português do Brasil"}
"""By the name of their catalogue; what they call themselves."""

ENGLISH = "en"
LONGEST_TAG = 35
"""Characters of a locale that are looked at (RFC 5646, 4.4.1)."""

_BY_CODE = {language.partition("_")[0]: language for language in LANGUAGES}
_WRITE_A_POINT = frozenset({"419", "DO", "GT", "HN", "LA", "MX", "NI", "PA", "PE", "PR", "SV", "US"})
"""Where Spanish has 1,234.5 and not 1.234,5. Slack calls Latin America `es-LA`."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is made of a person's locale."""

    language: str
    """One of `LANGUAGES`."""
    form: str
    """The locale whose numbers, money and durations the person reads; few, so that few are kept in memory."""


def nearest(tag: str) -> Known | None:
    """`pt-PT`, `pt_BR.UTF-8`, `PT` -> Brazilian Portuguese; None for a language that there is no catalogue of."""
    code, *more = re.split(r"[-_.@]", tag[:LONGEST_TAG].strip())
    language = _BY_CODE.get(code.lower())
    if language is None:
        return None
    writes_a_point = language == "es" and not _WRITE_A_POINT.isdisjoint(part.upper() for part in more)
    return Known(language, "es_419" if writes_a_point else language)


@cache
def sentences(language: str) -> Mapping[str, str]:
    """The translations of a language by their key; empty for English, where the sentences stand in `Phrase` itself."""
    if language == ENGLISH:
        return {}
    from babel.messages.pofile import read_po  # not before somebody reads another language

    path = resources.files(__package__) / "locales" / language / "LC_MESSAGES" / "replies.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    found = ((phrase, catalogue.get(phrase.value, phrase.key)) for phrase in Phrase)
    return {phrase.key: str(message.string) for phrase, message in found if message and message.string}
