"""What a platform reads as Markdown beyond what all of them do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one platform differs; as it stands, like CommonMark with tables."""

    spoilers: bool = False
    """Whether `||words||` hides words, also over several paragraphs."""
    long_quotes: bool = False
    """Whether `>>> ` makes a quote of all that follows it."""
    subtext: bool = False
    """Whether `-# ` begins a line in small letters."""
    wide_underscores: bool = False
    """Whether a single `_` is a mark also beside letters of languages that are written without blanks."""
    underscores_before_blanks: bool = False
    """Whether a single `_` behind a word that closes nothing opens something, though a blank follows."""
    quotes_in_items: bool = True
    """Whether `>` behind an item's mark begins a quote; else it is a sign like any other there."""
    most_rows: int = 100_000
    """How many rows of tables one message takes, without their heads."""


PLAIN = Dialect()
