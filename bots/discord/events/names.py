"""Who and what the tokens in a message stand for, as far as the message and its server tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import discord

from bots.discord.events.payloads import LONGEST_TEXT, MOST_ITEMS, id_of, line_of, part_of, parts_of
from bots.discord.events.sdk_message import Json, WholeMessage
from bots.discord.events.tokens import Mentioned, mentioned_in

WORDS = ("content", "embeds", "components", "poll", "message_snapshots")
"""The fields of a message in which words stand."""
MOST_PARTS, MOST_CHARS = 2000, 100_000
"""How much of a message is looked at: Discord's own limits keep it far below."""


MOST_FORWARDS = 3
"""How many forwarded messages of one are read: Discord sends one."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, as Discord's clients show them, without the sign before them."""

    people: Mapping[int, str] = field(default_factory=dict)
    roles: Mapping[int, str] = field(default_factory=dict)
    channels: Mapping[int, str] = field(default_factory=dict)

    def over(self, others: Names) -> Names:
        """Take what is known here before what others know."""
        return Names(
            {**others.people, **self.people},
            {**others.roles, **self.roles},
            {**others.channels, **self.channels},
        )

    def without(self, mentioned: Mentioned) -> Mentioned:
        """What of all that is mentioned has no name here."""
        return Mentioned(
            mentioned.people - self.people.keys(),
            mentioned.roles - self.roles.keys(),
            mentioned.channels - self.channels.keys(),
        )


NOBODY = Names()


def mentioned_by(raw: Json) -> Mentioned:
    """Find all whom a message's words name by an id."""
    return mentioned_in(_texts_in([raw.get(name) for name in WORDS]))


def names_for(message: WholeMessage, further: Names = NOBODY) -> Names:
    """Gather the names that a message's words need: those known further, those that came with it, its server's."""
    known = further.over(_told_in(message.raw))
    if (guild := message.guild) is None:
        return known
    missing = known.without(mentioned_by(message.raw))
    people = {id_: guild.get_member(id_) for id_ in missing.people}
    roles = {id_: guild.get_role(id_) for id_ in missing.roles}
    channels = {id_: guild.get_channel_or_thread(id_) for id_ in missing.channels}
    return known.over(
        Names(
            names_as_told((id_, each.display_name) for id_, each in people.items() if each is not None),
            names_as_told((id_, each.name) for id_, each in roles.items() if each is not None),
            names_as_told(
                (id_, each.name) for id_, each in channels.items() if each and not is_secret(each.type.value)
            ),
        )
    )


def is_secret(kind: int) -> bool:
    """Whether only those who are in a channel know what it is called.

    Discord tells everybody in a server what its channels are called, of private threads it tells nothing.
    """
    return kind == discord.ChannelType.private_thread.value


def shown_name(user: Json, member: Json) -> str:
    """What Discord shows somebody as: the nickname in this server, the name of the account, the user name."""
    return line_of(member, "nick") or line_of(user, "global_name") or line_of(user, "username")


def _told_in(raw: Json) -> Names:
    """Whom Discord describes beside the words: a forward brings its own."""
    found = _described(raw)
    for each in parts_of(raw, "message_snapshots")[:MOST_FORWARDS]:
        found = found.over(_described(part_of(each, "message")))
    return found


def _described(raw: Json) -> Names:
    resolved = part_of(raw, "resolved")
    users = [*_values(resolved, "users"), *parts_of(raw, "mentions")]
    members = part_of(resolved, "members")
    return Names(
        _by_id(
            (user, shown_name(user, part_of(user, "member") or part_of(members, str(id_of(user, "id")))))
            for user in users
        ),
        _by_id((role, line_of(role, "name")) for role in _values(resolved, "roles")),
        _by_id(
            (channel, line_of(channel, "name"))
            for channel in [*_values(resolved, "channels"), *parts_of(raw, "mention_channels")]
        ),
    )


def _values(resolved: Json, name: str) -> list[Any]:
    return list(islice(part_of(resolved, name).values(), MOST_ITEMS))


def names_as_told(found: Iterable[tuple[int, object]]) -> dict[int, str]:
    """discord.py takes a server's names as they come, whatever they are."""
    return {id_: name for id_, name in found if isinstance(name, str) and name}


def _by_id(named: Iterable[tuple[Any, str]]) -> dict[int, str]:
    return {id_: name for given, name in named if name and (id_ := id_of(given, "id"))}


def _texts_in(values: list[Any]) -> Iterator[str]:
    """The texts inside a JSON value, however deep, as far as one is read."""
    left = MOST_CHARS
    for _ in range(MOST_PARTS):
        if not values or left <= 0:
            return
        value = values.pop()
        if isinstance(value, str):
            yield value[:LONGEST_TEXT]
            left -= len(value)
        elif isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, list):
            values += value
