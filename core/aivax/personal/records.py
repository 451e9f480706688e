"""The conversations of a person in AIVAX' log, where logging is on: listed by their id, deleted one by one."""

from __future__ import annotations

from collections.abc import Sequence

from core.aivax.admin import AdminRoutes
from core.aivax.personal.listing import pages
from core.aivax.personal.owners import Count, id_in, owner_in, safe_id
from core.aivax.stream.chunks import Json
from core.domain import RequestRefused, ResourceUnknown

_LONGEST_MINUTES = 30 * 24 * 60
"""As long as any plan keeps them: 30 days."""
_MOST_ROUNDS = 500


class Records:
    """The log of one account."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def reach(self, user: str) -> None:
        """See `Source`."""
        await self._listed(user)

    async def delete_of(self, user: str, count: Count) -> bool:
        """See `Source`. The filter may find others whose ids begin alike: each record is asked whose it is."""
        tried: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            fresh = [each for each in await self._listed(user) if _id(each) not in tried]
            if not fresh:
                return await self._is_sure(user, tried)
            tried.update(map(_id, fresh))
            await self._delete_all([each for each in fresh if await self._owner(each) == user], count)
        return False

    async def _is_sure(self, user: str, tried: set[str]) -> bool:
        """Whether what is still listed is known to be others'."""
        left = [each for each in await self._listed(user) if _id(each) in tried]
        return all([(await self._owner(each)) not in (None, user) for each in left])

    async def _listed(self, user: str) -> Sequence[Json]:
        """What the log tells of, over the longest time that a plan keeps it.

        Whether `offsetminutes` says how far back to look is not documented: it is left out where it is refused.
        """
        asked = {"filter": f"--user {safe_id(user)}"}
        try:
            return await self._all({**asked, "offsetminutes": str(_LONGEST_MINUTES)})
        except RequestRefused:
            return await self._all(asked)

    async def _all(self, query: dict[str, str]) -> Sequence[Json]:
        found = [
            each
            async for page in pages(self._admin, "conversations", id_of=_id, query=query)
            for each in page
        ]
        return [each for each in found if _id(each)]

    async def _owner(self, listed: Json) -> str | None:
        """Whose it is; `""` where it is gone, None where nothing tells."""
        if (told := owner_in(listed)) is not None:
            return told
        try:
            return owner_in((await self._admin.get("conversations", _id(listed))).data)
        except ResourceUnknown:
            return ""

    async def _delete_all(self, theirs: Sequence[Json], count: Count) -> None:
        gone = 0
        try:
            for each in theirs:
                gone += await self._delete(_id(each))
        finally:
            if gone:
                await count(gone)

    async def _delete(self, record_id: str) -> bool:
        try:
            await self._admin.delete("conversations", record_id)
        except ResourceUnknown:
            return False
        return True


def _id(told: object) -> str:
    return id_in(told, "id", "conversationId")
