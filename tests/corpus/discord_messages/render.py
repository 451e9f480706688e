"""What becomes of Discord's messages.

- `given event`: the object of a MESSAGE_CREATE, as the gateway sends it into the server of `guild.json`, or in private.
- `given surroundings`: messages around a question, as the REST API lists them, oldest first.
- `given known`: the names that Discord tells when it is asked for them, by kind and id.
- `given heard`: the entries of `[discord] heard_apps`.
- `expected model`: what the question says, or, in brackets, why there is none; `expected files`: the files that go
  along, with their media types and sizes; `expected surroundings`: who said what, with the files of each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import discord

from bots.discord.events.names import Names
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me, not_from_person, parent_of, translate
from bots.discord.features.surroundings import quote_of, said_in
from bots.discord.transport.sdk_state import RestClient
from core.domain import Commanded, PassedOver, Quote
from tests.corpus.entries import Entry, Rendered

BOT = 1100000000000000001
GUILD = json.loads((Path(__file__).parent / "guild.json").read_text(encoding="utf-8"))


class Ears(RestClient):
    """Reads what the gateway sends, without a connection, as the real client does."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True), max_messages=None)
        self.heard: list[WholeMessage] = []
        who: Any = {"id": str(BOT), "username": "aivax", "discriminator": "4711", "avatar": None}
        self._connection.user = discord.ClientUser(state=self._connection, data=who)
        self.feed("GUILD_CREATE", GUILD)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if event == "message":
            self.heard.append(args[0])

    def feed(self, kind: str, data: Any) -> None:
        self._connection.parsers[kind](data)

    def message(self, data: Any) -> WholeMessage:
        self.feed("MESSAGE_CREATE", data)
        return self.heard.pop()


def render(entry: Entry) -> Rendered:
    names = _known(entry.json("known")) if "known" in entry.given else Names()
    rendered = {}
    if "event" in entry.given:
        rendered = _question(
            entry.json("event"), names, entry.json("heard") if "heard" in entry.given else ()
        )
    if "surroundings" in entry.given:
        around = [Ears().message(each) for each in entry.json("surroundings")]
        own = Names({BOT: "aivax"})
        quotes = [quote_of(each, BOT, names.over(own)) for each in said_in(around)]
        rendered |= {"surroundings": "\n".join(map(_shown, quotes))}
    return rendered


def _question(event: Any, names: Names, heard: Any) -> dict[str, str]:
    message, me = Ears().message(event), Me(BOT, "aivax", heard=frozenset(map(int, heard)))
    said = translate(message, me, parent_of(message.channel) or 0, names=names)
    if said is None:
        return {"model": f"(nothing: {not_from_person(message, me) or PassedOver.NOT_ADDRESSED})"}
    if isinstance(said, Commanded):
        return {"model": f"(command: {said.command})"}
    files = [f"{each.name} · {each.media_type} · {each.size_bytes}" for each in said.attachments]
    return {"model": said.text, "files": "\n".join(files)}


def _shown(quote: Quote) -> str:
    who = f"{quote.author_name} (own):" if quote.own else f"{quote.author_name}:"
    lines = [
        *quote.text.split("\n"),
        *(f"[file: {each.name}, {each.media_type}]" for each in quote.attachments),
    ]
    return "\n".join([who, *(f"  {line}" for line in lines if line)])


def _known(given: Any) -> Names:
    kinds = ("people", "roles", "channels")
    return Names(*({int(id_): name for id_, name in given.get(kind, {}).items()} for kind in kinds))
