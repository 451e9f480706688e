"""The two ways in which a refusal is looked at: its codes, taken apart into words, and its message."""

from __future__ import annotations

import re


def any_of(*alternatives: str) -> re.Pattern[str]:
    """One pattern for any of some."""
    return re.compile("|".join(f"(?:{each})" for each in alternatives))


def code_words(code: str) -> str:
    """Write a code as small words joined by `_`: `ThrottlingException` and `throttling-exception` alike."""
    return re.sub(r"\W+|(?<=[a-z0-9])(?=[A-Z])", "_", code).strip("_").lower()
