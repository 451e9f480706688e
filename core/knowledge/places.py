"""Chooses what a place may search, and the boundary that each of its searches is sent with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.aivax.knowledge.search_body import Search
from core.domain import Author, Place
from core.knowledge.filters import Filter, parsed
from core.knowledge.settings import KnowledgePlace


class BoundaryUnfit(Exception):
    """A filter can't be filled in for who asks there, so nothing is searched. Says why, without their values.

    Whoever searches tells it: it never leaves a capability.
    """


@dataclass(frozen=True, slots=True)
class Searchable:
    """What one person may search in one place."""

    place: KnowledgePlace
    filters: tuple[Filter, ...]
    values: Mapping[str, str]

    def search(self, term: str) -> Search:
        """Make the search; every filter of the place is in it.

        Raises:
            BoundaryUnfit: a filter needs a value that the place or the person has not.
        """
        try:
            filled = tuple(each.filled(self.values) for each in self.filters)
        except ValueError as error:
            needed = ", ".join(sorted(frozenset[str]().union(*(each.placeholders for each in self.filters))))
            raise BoundaryUnfit(f"{error}; the filter needs {needed}") from None
        return Search(
            collections=self.place.collections,
            term=term,
            filter=filled or None,
            top=self.place.top,
            min_score=self.place.min_score,
            reranker=self.place.reranker,
        )

    def lets_through(self, metadata: Mapping[str, object]) -> bool:
        """Whether nothing in a document's metadata says that it stands behind another boundary."""
        return not any(each.is_contradicted(metadata, self.values) for each in self.filters)


class KnowledgePlaces:
    """`[[knowledge.places]]`: the most particular entry chooses what is searched, and all that fit set boundaries."""

    def __init__(self, places: Sequence[KnowledgePlace], *, learn_into: str = "") -> None:
        """`learn_into` is the collection that things are learnt into where no entry names another."""
        self._learn_into = learn_into
        self._places = sorted(
            places,
            key=lambda place: (bool(place.channel), bool(place.workspace), bool(place.platform)),
            reverse=True,
        )
        self._filters = {id(place): parsed(place.filter) for place in places if place.filter}

    @property
    def collections(self) -> Sequence[str]:
        """Every collection that is searched anywhere, each once."""
        return tuple(dict.fromkeys(each for place in self._places for each in place.collections))

    def learn_into(self, place: Place) -> str:
        """The id of the collection that things are learnt into there; `""` where nothing is."""
        named = (each.learn_into for each in self._places if each.learn_into and _fits(each, place))
        return next(named, self._learn_into)

    def of(self, place: Place, author: Author) -> Searchable | None:
        """What a person may search there; None where nothing is."""
        fitting = [each for each in self._places if _fits(each, place)]
        if not fitting:
            return None
        filters = tuple(self._filters[id(each)] for each in fitting if id(each) in self._filters)
        return Searchable(fitting[0], filters, _values(place, author))


def _fits(entry: KnowledgePlace, place: Place) -> bool:
    return (
        entry.platform in ("", place.platform)
        and entry.workspace in ("", place.workspace)
        and entry.channel in ("", place.channel)
    )


def _values(place: Place, author: Author) -> Mapping[str, str]:
    """What the placeholders stand for: ids of the platform, which nobody chooses; never names."""
    return {
        "platform": place.platform,
        "workspace": place.workspace,
        "channel": place.channel,
        "person": author.identity.user,
    }
