"""Discord's tokens as a person reads them: names, times, emojis; in code they stay what they are.

https://discord.com/developers/docs/reference, "Message Formatting".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TOKEN = re.compile(
    r"<(?P<kind>@[!&]?|#)(?P<id>[0-9]{1,20})>"
    r"|<a?(?P<emoji>:\w{1,64}:)[0-9]{1,20}>"
    r"|<(?P<command>/[^<>:\n]{1,120}):[0-9]{1,20}>"
    r"|<t:(?P<seconds>-?[0-9]{1,13})(?::[A-Za-z])?>"
    r"|<id:(?P<place>[a-z-]{1,20})(?::[0-9]{1,20})?>"
)
_TICKS = re.compile(r"`+")
_FENCE = 3
"""From how many backticks on code is a block, which any such row of them ends."""
PLACES = {
    "customize": "Channels & Roles",
    "browse": "Browse Channels",
    "guide": "Server Guide",
    "home": "Server Guide",
    "linked-roles": "Linked Roles",
}
"""What Discord's clients call the parts of a server that have no channel."""
UNKNOWN_CHANNEL = "#channel"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The ids that a text names."""

    people: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()
    channels: frozenset[int] = frozenset()

    def __or__(self, other: Mentioned) -> Mentioned:
        return Mentioned(self.people | other.people, self.roles | other.roles, self.channels | other.channels)


def mentioned_in(texts: Iterable[str]) -> Mentioned:
    """Find the ids of people, roles and channels in texts."""
    found: dict[str, set[int]] = {"@": set(), "@&": set(), "#": set()}
    for text in texts:
        for token in _TOKEN.finditer(text):
            if token["kind"]:
                found[token["kind"].removesuffix("!")].add(int(token["id"]))
    return Mentioned(frozenset(found["@"]), frozenset(found["@&"]), frozenset(found["#"]))


def as_read(
    text: str, people: Mapping[int, str], roles: Mapping[int, str], channels: Mapping[int, str]
) -> str:
    """Put what a person reads in place of the tokens outside code. Who has no name here keeps the id."""
    named = {"@": people, "@!": people, "@&": roles, "#": channels}

    def word(token: re.Match[str]) -> str:
        if token["kind"] is None:
            return _plain(token)
        sign, name = token["kind"][0], named[token["kind"]].get(int(token["id"]))
        if not name:
            return UNKNOWN_CHANNEL if sign == "#" else token[0]
        return (
            name if name.startswith(sign) else f"{sign}{name}"
        )  # a server's widest role is called "@everyone"

    parts, at = [], 0
    for begin, end in code_in(text):
        parts += [_TOKEN.sub(word, text[at:begin]), text[begin:end]]
        at = end
    return "".join([*parts, _TOKEN.sub(word, text[at:])])


def without_mentions(text: str, mentions: Collection[str]) -> str:
    """Take the given mentions off the text's beginning and end; in its middle they are part of a sentence."""
    text = text.strip()
    while mention := next((each for each in mentions if text.startswith(each)), ""):
        text = text[len(mention) :].lstrip(" \t\n,:")
    while mention := next((each for each in mentions if text.endswith(each)), ""):
        text = text[: -len(mention)].rstrip()
    return text


def code_in(text: str) -> Iterator[tuple[int, int]]:
    """Find what Discord shows as code: between two rows of as many backticks, or of three and more."""
    rows = [(found.start(), found.end(), min(len(found[0]), _FENCE)) for found in _TICKS.finditer(text)]
    places: dict[int, list[int]] = {}
    for index, (_, _, ticks) in enumerate(rows):
        places.setdefault(ticks, []).append(index)
    index = 0
    while index < len(rows):
        begin, _, ticks = rows[index]
        alike = places[ticks]
        after = bisect_right(alike, index)
        if after == len(alike):
            index += 1
            continue
        yield begin, rows[alike[after]][1]
        index = alike[after] + 1


def _plain(token: re.Match[str]) -> str:
    if token["seconds"] is not None:
        return _moment(int(token["seconds"])) or token[0]
    if token["place"] is not None:
        return PLACES.get(token["place"], token[0])
    return token["emoji"] or token["command"]


def _moment(seconds: int) -> str:
    """A moment in UTC, whichever of its styles was asked for; `""` where there is none such."""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return f"{moment:%Y-%m-%d %H:%M}{f':{moment:%S}' if moment.second else ''} UTC"
