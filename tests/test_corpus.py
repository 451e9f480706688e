"""Every entry of the corpus becomes what was written down for it by hand."""

from __future__ import annotations

import re

import pytest

from tests.corpus.entries import Entry, entries

ENTRIES = tuple(entries())


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
async def test_an_entry_becomes_what_was_written_by_hand(entry: Entry) -> None:
    difference = await entry.difference()

    assert difference == "", f"\n{difference}"


@pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])
def test_an_entry_says_what_is_special_in_it(entry: Entry) -> None:
    assert entry.says
    assert "\n" not in entry.says
    assert entry.given
    assert any(entry.expected.values())


def skeleton(text: str) -> str:
    """Leave the form alone: names of fields and of kinds stay, what people would write becomes one letter."""
    kept = re.compile(r"(\"[a-z][a-z0-9_./+-]*\"|\b\d{1,3}\b)|[^\W_]+")
    words = kept.sub(lambda word: word[1] or "w", text)
    return re.sub(r"w(?:[ ,.:;'?!_-]*w)+", "w", words)


def test_no_two_entries_differ_in_words_only() -> None:
    forms: dict[tuple[str, str], str] = {}
    for entry in ENTRIES:
        given = "\n".join(f"{name}\n{text}" for name, text in entry.given.items())
        twin = forms.setdefault((entry.path.parent.name, skeleton(given)), entry.id)

        assert twin == entry.id
