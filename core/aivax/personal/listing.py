"""Reads the lists of administrative routes to their end, though how they are paged is not documented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from core.aivax.admin import AdminRoutes
from core.aivax.stream.chunks import Json, mapping
from core.domain import RequestRefused

_MOST_PAGES = 100
Id = Callable[[object], str]


async def pages(
    admin: AdminRoutes, *path: str, id_of: Id, query: Mapping[str, str] | None = None
) -> AsyncIterator[Sequence[Json]]:
    """Each page's entries that were on none before.

    The list is an array, or stands in `items` beside what tells whether there is more. Where nothing tells that it
    ended, the next page is asked for: a service that knows no pages answers with the same one, or refuses.

    Raises:
        AivaxError: it could not be read.
    """
    seen: set[str] = set()
    for number in range(1, _MOST_PAGES + 1):
        asked = {**(query or {}), **({"page": str(number)} if number > 1 else {})}
        try:
            told = (await admin.get(*path, query=asked)).data
        except RequestRefused:
            if number == 1:
                raise
            return
        fresh = [each for each in _entries(told) if id_of(each) not in seen]
        seen.update(map(id_of, fresh))
        if fresh:
            yield fresh
        if not fresh or mapping(mapping(told).get("pageInfo")).get("hasMoreItems") is False:
            return


def _entries(told: object) -> Sequence[Json]:
    inside = mapping(told)
    listed = told if isinstance(told, list) else inside.get("items") or inside.get("data")
    return [mapping(each) for each in listed if mapping(each)] if isinstance(listed, list) else []
