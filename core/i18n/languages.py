"""The languages that the bot's own sentences exist in, and which of them a locale means.

Each but English has gettext catalogues, `locales/<language>/LC_MESSAGES/replies.po` and `console.po` (the web console),
read when they are first needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from core.i18n.phrases import PHRASES

LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español", "pt_BR": "Português do Brasil"}
"""By the name of their catalogue; what they call themselves."""

ENGLISH = "en"
_PO_LINE = re.compile(r'^(?:(msgctxt|msgid|msgstr) )?"(.*)"$', re.MULTILINE)
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
    """The translations of a language by their key; empty for English, where the sentences stand in `PHRASES` itself."""
    if language == ENGLISH:
        return {}
    found = catalogue(language, "replies")
    translated = ((phrase.key, found.get((phrase.key, phrase.value))) for phrase in PHRASES)
    return {key: text for key, text in translated if text}


def catalogue(language: str, name: str) -> Mapping[tuple[str, str], str]:
    """The translations in one catalogue of a language, by context and English text."""
    path = resources.files(__package__) / "locales" / language / "LC_MESSAGES" / f"{name}.po"
    return _read(path.read_text(encoding="utf-8"))


def _read(catalogue: str) -> Mapping[tuple[str, str], str]:
    """Read the translations of a catalogue by context and English text.

    Only what ours have: no plurals, nothing fuzzy. Babel's reader takes ten times as long, and 3 MiB with it.
    """
    found: dict[tuple[str, str], str] = {}
    entry = {"msgctxt": "", "msgid": "", "msgstr": ""}
    keyword = ""
    for started, text in _PO_LINE.findall(f'{catalogue}\nmsgctxt ""'):
        keyword = started or keyword
        if started == "msgctxt":
            found[entry["msgctxt"], entry["msgid"]] = entry["msgstr"]
            entry = dict.fromkeys(entry, "")
        entry[keyword] += json.loads(f'"{text}"')
    return found
