"""The files that AIVAX' tool `shell` keeps for a person: a file system of their own, named by a header."""

from __future__ import annotations

from collections.abc import Sequence

from core.aivax.admin import AdminRoutes
from core.aivax.personal.owners import Count, safe_id
from core.aivax.stream.chunks import Json, mapping
from core.domain import RequestRefused, ResourceUnknown

_HEADER = "X-Shell-User-Id"
_IO = ("shell", "io")
_MOST_DEPTH = 40


class ShellFiles:
    """The persistent file systems of one account, one for each external user id."""

    def __init__(self, admin: AdminRoutes) -> None:
        self._admin = admin

    async def reach(self, user: str) -> None:
        """See `Source`."""
        await self._listed("/", {_HEADER: safe_id(user)})

    async def delete_of(self, user: str, count: Count) -> bool:
        """See `Source`. Files first, then the folders that held them; the header keeps others' out of reach."""
        headers = {_HEADER: safe_id(user)}
        await self._empty("/", headers, count, 0)
        return not await self._listed("/", headers)

    async def _empty(self, path: str, headers: dict[str, str], count: Count, depth: int) -> None:
        for entry in await self._listed(path, headers):
            inner = _below(path, entry.get("name"))
            if inner is None:
                continue
            if entry.get("isDirectory") is not True:
                if await self._delete("file", inner, headers):
                    await count(1)
            elif depth < _MOST_DEPTH:
                await self._empty(inner, headers, count, depth + 1)
                await self._delete("directory", inner, headers)

    async def _listed(self, path: str, headers: dict[str, str]) -> Sequence[Json]:
        """What stands in a folder; nothing where it is not there, as the root of who never used the tool."""
        try:
            told = await self._admin.get(*_IO, "listing", query={"path": path}, headers=headers)
        except ResourceUnknown:
            return ()
        entries = mapping(told.data).get("entries")
        return [mapping(each) for each in entries] if isinstance(entries, list) else ()

    async def _delete(self, kind: str, path: str, headers: dict[str, str]) -> int:
        try:
            await self._admin.delete(*_IO, kind, query={"path": path}, headers=headers)
        except (ResourceUnknown, RequestRefused):
            return 0  # gone, or not to be deleted: what the root's list tells in the end
        return 1


def _below(path: str, name: object) -> str | None:
    """The path of an entry; None for a name that would lead out of its folder."""
    if not isinstance(name, str) or name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
        return None
    return f"{path.rstrip('/')}/{name}"
