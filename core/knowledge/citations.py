"""Finds the numbers of documents that an answer names, and lists what stands behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.aivax.knowledge.forms import Hit
from core.domain import Translator
from core.i18n import Phrase
from core.knowledge.hit_lines import titled
from core.markdown.inline import spans

_CITATION = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3}|\s*[-–]\s*\d{1,3})*)\](?!\()", re.ASCII)  # noqa: RUF001
_RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)", re.ASCII)  # noqa: RUF001 - models write both dashes
_MOST_NUMBERS = 200


def cited(text: str) -> tuple[int, ...]:
    """The numbers that stand in square brackets, outside of code, each once and in order; `[1, 3-5]` names four."""
    prose = " ".join(piece for line in _unfenced(text) for piece, is_code in spans(line) if not is_code)
    numbers = {number for found in _CITATION.finditer(prose) for number in _numbers(found[1])}
    return tuple(sorted(numbers))[:_MOST_NUMBERS]


def _unfenced(text: str) -> list[str]:
    """The lines outside of code blocks."""
    lines, inside = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            inside = not inside
        elif not inside:
            lines.append(line)
    return lines


def _numbers(inside: str) -> set[int]:
    found = {int(each) for each in re.findall(r"\d+", inside)}
    for first, last in _RANGE.findall(inside):
        found.update(range(int(first), min(int(last), int(first) + _MOST_NUMBERS) + 1))
    return found


def source_list(said: str, hits: Sequence[Hit], translator: Translator) -> str:
    """What is written below an answer: the documents that it names; where it names none, that it does not."""
    numbers = cited(said)
    named = [number for number in numbers if 1 <= number <= len(hits)]
    invented = [number for number in numbers if number not in named]
    if named:
        lines = [translator.say(Phrase.SOURCES_HEADING), *_listed(named, hits, translator)]
    else:
        every = range(1, len(hits) + 1)
        lines = [translator.say(Phrase.SOURCES_UNNAMED), *_listed(every, hits, translator)]
    if invented:
        lines.append(
            translator.say(Phrase.SOURCES_INVENTED, names=", ".join(f"[{each}]" for each in invented[:10]))
        )
    return "\n".join(lines)


def _listed(numbers: Sequence[int], hits: Sequence[Hit], translator: Translator) -> list[str]:
    return [f"[{number}] {titled(hits[number - 1], translator)}" for number in numbers]
