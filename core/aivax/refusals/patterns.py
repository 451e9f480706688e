"""The two ways in which a refusal is looked at: its codes, taken apart into words, and its message."""

from __future__ import annotations

import re
from functools import cached_property


class AnyOf:
    """One pattern for any of some, compiled with the first refusal: where none comes, 22 of them cost a start 7 ms."""

    def __init__(self, *alternatives: str) -> None:
        self._alternatives = alternatives

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{each})" for each in self._alternatives))

    def search(self, text: str) -> re.Match[str] | None:
        """See `re.Pattern.search`."""
        return self._pattern.search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """See `re.Pattern.fullmatch`."""
        return self._pattern.fullmatch(text)


def code_words(code: str) -> str:
    """Write a code as small words joined by `_`: `ThrottlingException` and `throttling-exception` alike."""
    return re.sub(r"\W+|(?<=[a-z0-9])(?=[A-Z])", "_", code).strip("_").lower()
