"""Access lists: whom the bot answers, and where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from core.domain import Author, Place
from core.i18n import Phrase
from core.settings import AccessSettings


class Access:
    """`[access]`. To be blocked counts more than to be allowed; an empty list allows all.

    Somebody is allowed by their user id or by one of their roles. A direct message is in no channel, so the lists
    of channels say nothing of it.
    """

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings

    def refusal(self, author: Author, place: Place, within: Sequence[str] = ()) -> Phrase | None:
        """Why the author gets no answer there; None when they do. Lists of channels may name what one lies `within`."""
        lists = self._settings
        who, here = author.identity, place.workspace
        user = _names(who.platform, who.workspace, [who.user])
        roles = _names(who.platform, who.workspace, author.roles)
        workspaces = {f"{place.platform}:{here}"}
        channels = _names(place.platform, here, [*_channels(place), *within])
        are_listed = user & {*lists.allow_users} or roles & {*lists.allow_roles}
        if user & {*lists.block_users} or roles & {*lists.block_roles}:
            return Phrase.NOT_FOR_YOU
        if (lists.allow_users or lists.allow_roles) and not are_listed:
            return Phrase.NOT_FOR_YOU
        is_out = _keeps_out(workspaces, lists.block_workspaces, lists.allow_workspaces) or (
            channels and _keeps_out(channels, lists.block_channels, lists.allow_channels)
        )
        return Phrase.NOT_HERE if is_out else None


def beside_messages(settings: AccessSettings) -> AccessSettings:
    """What of the lists can be asked where nobody writes, for roles, and what a channel lies in, come with a message.

    What may be allowed by one of those is not refused.
    """
    unknown = {"allow_roles": (), "block_roles": (), "allow_channels": ()}
    if settings.allow_roles:
        unknown["allow_users"] = ()
    return settings.model_copy(update=unknown)


def _keeps_out(names: set[str], blocked: Collection[str], allowed: Collection[str]) -> bool:
    return not names.isdisjoint(blocked) or (bool(allowed) and names.isdisjoint(allowed))


def _channels(place: Place) -> Iterator[str]:
    """The channel, and the thread, which is a channel of its own on some platforms; none for a direct message."""
    if not place.private:
        yield place.channel
        if place.thread:
            yield place.thread


def _names(platform: str, workspace: str, ids: Iterable[str]) -> set[str]:
    """All that an entry may call them: with or without the workspace that they are met in."""
    return {f"{platform}:{name}" for each in ids for name in (each, f"{workspace}/{each}")}
