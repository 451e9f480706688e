"""What is said of an answer by the reason for which it ended: below its words, or in their place where it has none."""

from __future__ import annotations

from collections.abc import Mapping

from core.aivax.stream import finish_reasons
from core.aivax.stream.bounds import OVERLONG
from core.i18n import Phrase

BELOW: Mapping[str, Phrase] = {
    finish_reasons.LENGTH: Phrase.LENGTH_REACHED,
    OVERLONG: Phrase.LENGTH_REACHED,
    finish_reasons.FILTERED: Phrase.CONTENT_FILTERED,
    finish_reasons.TOOL_CALLS: Phrase.TOOL_NOT_HERE,
}
"""Reasons that are not named here need no word: the answer is whole."""
INSTEAD: Mapping[str, Phrase] = {
    finish_reasons.LENGTH: Phrase.EMPTY_BY_LENGTH,
    OVERLONG: Phrase.EMPTY_BY_LENGTH,
    finish_reasons.FILTERED: Phrase.EMPTY_BY_FILTER,
    finish_reasons.TOOL_CALLS: Phrase.EMPTY_BY_TOOL,
}


def instead_of_words(reason: str) -> Phrase:
    """Choose the sentence that stands in place of an answer without a word."""
    return INSTEAD.get(reason, Phrase.ANSWER_EMPTY)
