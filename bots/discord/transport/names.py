"""Names that messages do not bring: Discord is asked for each once, and never waited for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Literal

import discord
from cachetools import TTLCache

from bots.discord.events.names import Names, is_secret, mentioned_by, names_as_told, names_for, shown_name
from bots.discord.events.payloads import id_of, line_of, number_of, part_of
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.tokens import Mentioned, mentioned_in
from bots.discord.transport.api import Session
from core.domain import PlaceClosed, PlatformError

WITHIN_S = 2.0
"""How long a question waits for all its names together."""
MOST_ASKED, MOST_A_MINUTE = 20, 120
"""How many names are asked for one question, and in all: each is a request, of which Discord takes 50 in a second."""
GOOD_FOR_S, UNKNOWN_FOR_S = 3600.0, 300.0
REMEMBERED = 10_000

Kind = Literal["person", "role", "channel"]
Key = tuple[Kind, int, int]
"""What it is, in which server (0: in none), and its id."""
KINDS: tuple[Kind, ...] = ("person", "role", "channel")


class NameLookup:
    """Finds names, and keeps them for an hour."""

    def __init__(self, session: Session) -> None:
        now = session.timing.now
        self._session = session
        self._known: TTLCache[Key, str] = TTLCache(REMEMBERED, GOOD_FOR_S, now)
        self._unknown: TTLCache[Key, None] = TTLCache(REMEMBERED, UNKNOWN_FOR_S, now)
        """What Discord did not tell, or not in time."""
        self._lately: TTLCache[Key, None] = TTLCache(MOST_A_MINUTE, 60.0, now)

    async def of(self, messages: Iterable[WholeMessage], guild: int, known: Names) -> Names:
        """Find whom the messages' words name. Who wrote one of them is known by that."""
        told, mentioned, authors = Names(), Mentioned(), Names()
        for message in messages:
            told = told.over(names_for(message))
            authors = authors.over(_author_of(message))
            mentioned |= mentioned_by(message.raw) | Mentioned(frozenset(authors.people))
        # a nickname that an event told comes before the name that a message of the history tells
        found = self._remembered(mentioned, guild).over(told).over(authors).over(known)
        return found.over(await self._find(found.without(mentioned), guild))

    def learn(self, message: WholeMessage) -> None:
        """Keep the names that an event told: those of the history come without nicknames."""
        guild = message.guild.id if message.guild is not None else 0
        for id_, name in _author_of(message).over(names_for(message)).people.items():
            self._known["person", guild, id_] = name

    async def of_words(self, text: str, guild: int, known: Names) -> Names:
        """Find whom words name that are no message."""
        return known.over(await self._find(known.without(mentioned_in([text])), guild))

    async def _find(self, missing: Mentioned, guild: int) -> Names:
        asked = [key for key in _keys(missing, guild) if key not in self._known and key not in self._unknown]
        one_role = [key for key in asked if key[0] == "role"][:1]  # with it all of the server's come
        self._lately.expire()
        room = min(MOST_ASKED, MOST_A_MINUTE - len(self._lately))
        await self._ask([*one_role, *(key for key in asked if key[0] != "role")][:room])
        return self._remembered(missing, guild)

    def _remembered(self, mentioned: Mentioned, guild: int) -> Names:
        found = {key: name for key in _keys(mentioned, guild) if (name := self._known.get(key))}
        return Names(
            *({id_: name for (kind, _, id_), name in found.items() if kind == each} for each in KINDS)
        )

    async def _ask(self, keys: list[Key]) -> None:
        """Ask for names, all at once; those that don't come in time are not asked for again for a while."""
        if not keys:
            return
        for key in keys:
            self._unknown[key] = self._lately[key] = None
        try:
            async with asyncio.timeout(WITHIN_S):
                await asyncio.gather(*map(self._learn, keys))
        except TimeoutError:
            return

    async def _learn(self, key: Key) -> None:
        kind, guild, id_ = key
        lookups: dict[Kind, Callable[[int, int], Awaitable[str]]] = {
            "person": self._person,
            "role": self._role,
            "channel": self._channel,
        }
        try:
            name = await lookups[kind](guild, id_)
        except PlatformError:
            return
        if name:
            self._known[key] = name
            self._unknown.pop(key, None)

    async def _person(self, guild: int, id_: int) -> str:
        """Ask for a member; who has left the server has an account still."""
        if guild:
            try:
                member = await self._session.call(lambda client: client.http.get_member(guild, id_))
            except PlaceClosed:
                pass
            else:
                return shown_name(part_of(member, "user"), member)
        return shown_name(await self._session.call(lambda client: client.http.get_user(id_)), {})

    async def _role(self, guild: int, id_: int) -> str:
        roles = await self._session.call(lambda client: client.http.get_roles(guild))
        names = {id_of(role, "id"): line_of(role, "name") for role in roles}
        self._known.update({("role", guild, each): name for each, name in names.items() if name})
        return names.get(id_, "")

    async def _channel(self, guild: int, id_: int) -> str:
        channel = await self._session.call(lambda client: client.http.get_channel(id_))
        is_told = id_of(channel, "guild_id") == guild and not is_secret(number_of(channel, "type"))
        return line_of(channel, "name") if is_told else ""


def own_name(client: discord.Client) -> Names:
    """What Discord calls the bot, where a server has no other name for it."""
    return Names({client.user.id: client.user.display_name} if client.user is not None else {})


def _keys(mentioned: Mentioned, guild: int) -> list[Key]:
    """List what may be asked. In a direct message nobody is to learn what roles and channels of servers are called."""
    people: list[Key] = [("person", guild, id_) for id_ in sorted(mentioned.people)]
    roles: list[Key] = [("role", guild, id_) for id_ in sorted(mentioned.roles) if guild]
    channels: list[Key] = [("channel", guild, id_) for id_ in sorted(mentioned.channels) if guild]
    return [*people, *roles, *channels]


def _author_of(message: WholeMessage) -> Names:
    """The author's name. Many may write through one hook, which has one id for all of them."""
    author = getattr(message, "author", None)
    if author is None or message.webhook_id:
        return Names()
    return Names(names_as_told([(author.id, author.display_name)]))
