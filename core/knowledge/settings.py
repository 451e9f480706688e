"""`[knowledge]`: which collections are searched where, and behind which boundary."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from core.aivax.keys import KeyKind, speaks_aivax
from core.aivax.knowledge.search_body import HIGHEST_SCORE, LEAST_SCORE, MOST_TOP, Reranker
from core.domain import SettingRefused
from core.knowledge.filter_tokens import FilterWrong
from core.knowledge.filters import parsed
from core.knowledge.learning.settings import LearningSettings
from core.section import Name, Section

MOST_SHOWN = 20
"""Of our own: a longer list is no answer in a chat."""


def _is_no_own_one(collections: tuple[str, ...]) -> tuple[str, ...]:
    """AIVAX keeps memories of people in a collection of the account, whose name begins with `@`."""
    if own := next((each for each in collections if each.startswith("@")), ""):
        raise ValueError(
            f"{own} is AIVAX' own, and holds what it remembers of people: name collections of yours"
        )
    return collections


def _understood(text: str) -> str:
    if text:
        try:
            parsed(text)
        except FilterWrong as wrong:
            raise ValueError(f"AIVAX would not take this filter: {wrong}") from None
    return text


class KnowledgePlace(Section):
    """One `[[knowledge.places]]` entry: what is searched in a platform, workspace, server or channel."""

    platform: str = ""
    workspace: str = ""
    channel: str = ""
    collections: Annotated[tuple[Name, ...], AfterValidator(_is_no_own_one)] = Field(min_length=1)
    """Ids of collections, from the console."""
    top: int = Field(5, ge=1, le=min(MOST_SHOWN, MOST_TOP))
    min_score: float = Field(0.3, ge=LEAST_SCORE, le=HIGHEST_SCORE)
    reranker: Reranker = "rrf"
    filter: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_understood)] = ""
    """The boundary: a document filter with placeholders, which every search of this place is sent with.

    It is joined to those of all wider places: an entry for a channel can narrow a workspace's boundary, never lift it.
    """
    learn_into: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = ""
    """The id of the collection that operators have things learnt into there. Empty: that of a wider entry, or of
    `[knowledge]`."""


class KnowledgeSettings(LearningSettings):
    """`[knowledge]`: searching collections, and answers that name their sources. Without places it is off."""

    daily_searches: int = Field(0, ge=0)
    """How often a person may `search`, and how often ask for `sources`, in 24 hours. 0: as often as they may ask."""
    places: tuple[KnowledgePlace, ...] = ()

    @property
    def learns(self) -> bool:
        """Whether anything is learnt anywhere."""
        return bool(self.learn_into or any(place.learn_into for place in self.places))


def check(settings: KnowledgeSettings, kind: KeyKind, base_url: str) -> None:
    """Refuse what could never work.

    Raises:
        SettingRefused: another server than AIVAX is asked.
    """
    if settings.places and not speaks_aivax(kind, base_url):
        fix = "only AIVAX has collections: delete the entries, or set [aivax] base_url to AIVAX"
        raise SettingRefused("[[knowledge.places]]", value=f"{len(settings.places)}", fix=fix)
