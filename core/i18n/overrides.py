"""The operator's own wording of sentences: checked at the start, so that none of it can fail in a conversation.

`[replies.sentences]` has a sentence by its name for all languages, or a table of them for one language.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from core.domain import Sentence
from core.i18n.languages import LANGUAGES
from core.i18n.phrases import PHRASES
from core.util.text import sound

RETIRED: Mapping[str, str] = {
    "no_balance": "kept_balance",
    "rate_limited": "kept_rate",
    "rate_limited_until": "kept_rate",
    "continues_below": "",
}
"""Sentences that are said no more, and those that are said in their place, if any is; an operator's wording of one is
passed over with a warning for one release."""
BY_KEY: Mapping[str, Sentence] = {phrase.key: phrase for phrase in PHRASES}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one entry, and what mends it."""

    path: tuple[str, ...]
    value: object
    fix: str


def problems_of(given: object) -> Iterator[Problem]:
    """Everything in `[replies.sentences]` that can't be used."""
    if not isinstance(given, Mapping):
        yield Problem((), given, "write it as a table: a line for each sentence, its name = its text")
        return
    for key, value in given.items():
        if key in LANGUAGES and not isinstance(value, Mapping):
            yield Problem((key,), value, f"write it as a table: [replies.sentences.{key}]")
        elif key in LANGUAGES:
            for name, text in value.items():
                yield from _of_sentence((key, name), text)
        elif key not in BY_KEY and isinstance(value, Mapping):
            yield Problem((key,), "", f"there is no such language{_nearest(key, LANGUAGES)}")
        else:
            yield from _of_sentence((key,), value)


def overridden(given: Mapping[str, str | dict[str, str]], language: str) -> dict[str, str]:
    """The wording for one language, by the sentences' keys: what is said for it alone beats what is said for all."""
    own = given.get(language, {})
    merged = {**given, **(own if isinstance(own, Mapping) else {})}
    return {key: text for key, text in merged.items() if key in BY_KEY and isinstance(text, str)}


def with_own(
    given: Mapping[str, str | dict[str, str]], own: Mapping[str, Mapping[str, str]]
) -> dict[str, str | dict[str, str]]:
    """`[replies.sentences]` with the wording of each language in `own` above it."""
    merged = dict(given)
    for language, texts in own.items():
        table = given.get(language, {})
        merged[language] = {**(table if isinstance(table, dict) else {}), **texts}
    return merged


def retired(given: Mapping[str, str | dict[str, str]]) -> Mapping[str, str]:
    """The names in `[replies.sentences]` of what is said no more, each with what is said in its place."""
    named = {*given, *(key for table in given.values() if isinstance(table, Mapping) for key in table)}
    return {key: RETIRED[key] for key in sorted(named & RETIRED.keys())}


def _of_sentence(path: tuple[str, ...], text: object) -> Iterator[Problem]:
    key = path[-1]
    if key in RETIRED:
        return
    if key not in BY_KEY:
        yield Problem(path, text, f"there is no such sentence{_nearest(key, BY_KEY)}")
    elif not isinstance(text, str):
        yield Problem(path, text, "write it as text in quotes")
    elif fix := _what_mends(text, BY_KEY[key].placeholders):
        yield Problem(path, text, fix)


class Flaw(StrEnum):
    """Why a sentence can't be used."""

    EMPTY = "empty"
    UNSOUND = "unsound"
    """It holds characters that are no text."""
    BRACE = "brace"
    """A brace stands alone."""
    UNKNOWN = "unknown"
    """It has a placeholder that the sentence has not."""
    FORMAT = "format"
    """A placeholder has more in its braces than a name."""


def flaw_of(text: str, known: tuple[str, ...]) -> tuple[Flaw, str] | None:
    """What keeps a sentence with these placeholders from being used, and which placeholder it is; None: nothing."""
    if not text.strip():
        return Flaw.EMPTY, ""
    if sound(text) != text:
        return Flaw.UNSOUND, ""
    try:
        fields = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        return Flaw.BRACE, ""
    for _, name, form, conversion in fields:
        if name not in known:
            return Flaw.UNKNOWN, str(name)
        if form or conversion:
            return Flaw.FORMAT, str(name)
    return None


def _what_mends(text: str, known: tuple[str, ...]) -> str:
    """What to change in a sentence; empty when it can be used."""
    match flaw_of(text, known):
        case Flaw.EMPTY, _:
            return "it may not be empty"
        case Flaw.UNSOUND, _:
            return "it holds characters that are no text"
        case Flaw.BRACE, _:
            return "a brace that is no part of a placeholder is written twice: {{ or }}"
        case Flaw.UNKNOWN, name:
            return f"there is no placeholder {{{name}}} in it{_which(known)}"
        case Flaw.FORMAT, name:
            return f"write {{{name}}} with nothing but the name in the braces"
        case _:
            return ""


def _which(known: tuple[str, ...]) -> str:
    braced = ", ".join(f"{{{name}}}" for name in known)
    return f"; known: {braced}" if braced else "; this sentence has none"


def _nearest(name: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else f"; known: {', '.join(known)}"
