"""What ids in Slack's messages are called. Pure: who looks them up is `bots.slack.transport.names`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bots.slack.events.payloads import Bot

NOBODY = Bot("", "")


class NameBook(Protocol):
    """Tells names to whoever reads a message; `""` for an id that it does not know."""

    @property
    def bot(self) -> Bot:
        """Who we are there."""

    def person(self, user: str) -> str: ...

    def channel(self, channel: str) -> str: ...

    def group(self, group: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Names:
    """The names that are known, our own among them."""

    bot: Bot = NOBODY
    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def person(self, user: str) -> str:
        return self.bot.name if user and user == self.bot.user else self.people.get(user, "")

    def channel(self, channel: str) -> str:
        return self.channels.get(channel, "")

    def group(self, group: str) -> str:
        return self.groups.get(group, "")


NO_NAMES = Names()


class NamesAsked:
    """Knows no name but our own, and remembers which it was asked for: a first reading finds out what to look up."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.people: dict[str, None] = {}
        self.channels: dict[str, None] = {}
        self.groups: dict[str, None] = {}

    def person(self, user: str) -> str:
        if user and user == self.bot.user:
            return self.bot.name
        self.people[user] = None
        return ""

    def channel(self, channel: str) -> str:
        self.channels[channel] = None
        return ""

    def group(self, group: str) -> str:
        self.groups[group] = None
        return ""
