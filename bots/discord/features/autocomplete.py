"""What Discord offers while somebody types: the choices of an option."""

from __future__ import annotations

from collections.abc import Sequence

from discord.app_commands import Choice

MOST_CHOICES, LONGEST_CHOICE = 25, 100
"""Discord's limits."""


def choices_for(typed: str, known: Sequence[str]) -> list[Choice[str]]:
    """Choose what fits the words typed so far, wherever they stand in it; what begins with them comes first."""
    wanted = typed.strip().casefold()
    fitting = [each for each in known if wanted in each.casefold() and 0 < len(each) <= LONGEST_CHOICE]
    fitting.sort(key=lambda each: not each.casefold().startswith(wanted))
    return [Choice(name=each, value=each) for each in fitting[:MOST_CHOICES]]
