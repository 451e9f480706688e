"""A room at a real homeserver with Ana and Ben in it, as their apps show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import quote

from aivax_bots.testing import ANA, BEN, Adapter
from homeserver import ApiError, Client, Homeserver

BOT_NAME = "Aivax"


@dataclass
class Seen:
    """One message of the bot's, as an app shows it."""

    id: str
    content: Mapping[str, Any]
    reactions: dict[str, str] = field(default_factory=dict)
    """What stands on the bot's own, by their ids."""

    @property
    def text(self) -> str:
        return "" if "filename" in self.content else str(self.content.get("body", ""))


class App:
    """What somebody sees of one room, read from the homeserver each time it is looked at."""

    def __init__(self, client: Client, room: str, bot: str, since: str) -> None:
        self.client, self.room, self.bot = client, room, bot
        self.messages: dict[str, Seen] = {}
        self.is_typing = False
        nothing: dict[str, list[str]] = {"types": []}
        watched = {"account_data": nothing, "state": nothing, "timeline": {"limit": 1_000}, "rooms": [room]}
        filter_ = {"presence": nothing, "account_data": nothing, "room": watched}
        self._query = {"filter": json.dumps(filter_), "timeout": 0}
        self._since = since

    def look(self) -> Self:
        """See what is new."""
        told = self.client.call("GET", "/_matrix/client/v3/sync", since=self._since, **self._query)
        self._since = told["next_batch"]
        room = told.get("rooms", {}).get("join", {}).get(self.room, {})
        for event in room.get("timeline", {}).get("events", ()):
            self._show(event)
        for event in room.get("ephemeral", {}).get("events", ()):
            if event["type"] == "m.typing":
                self.is_typing = self.bot in event["content"]["user_ids"]
        return self

    def _show(self, event: dict[str, Any]) -> None:
        content, relation = event["content"], event["content"].get("m.relates_to", {})
        if event["type"] == "m.room.redaction":
            gone = event.get("redacts", "")
            self.messages.pop(gone, None)
            for message in self.messages.values():
                message.reactions.pop(gone, None)
        elif event["sender"] != self.bot or not content:
            return
        elif event["type"] == "m.reaction" and relation["event_id"] in self.messages:
            self.messages[relation["event_id"]].reactions[event["event_id"]] = relation["key"]
        elif event["type"] == "m.room.message" and relation.get("rel_type") == "m.replace":
            if relation["event_id"] in self.messages:
                self.messages[relation["event_id"]].content = content["m.new_content"]
        elif event["type"] == "m.room.message":
            self.messages[event["event_id"]] = Seen(event["event_id"], content)


class RoomAdapter(Adapter):
    """A room with Ana and Ben in it. Who speaks to the bot there mentions it, as an app does."""

    plugin = "aivax_bots_matrix.plugin:plugin"
    private = False
    longest = 12_000
    homeserver: ClassVar[Homeserver]
    people: ClassVar[dict[str, Client]]
    room_of_all: ClassVar[str]
    bot_of_all: ClassVar[Client | None] = None
    """The account of most tests: each begins with nothing to be read."""
    count: ClassVar[int] = 0
    is_limited: ClassVar[bool] = False
    """Whether the bot may send no more than the homeserver lets anybody."""

    async def __aenter__(self) -> Self:
        self.ana, self.ben = self.people[ANA], self.people[BEN]
        self.bot = self.bot_of_all if self.bot_of_all and not self.is_limited else self._made()
        # the homeserver answers the same request from its memory: this one has words of its own
        filter_ = {"room": {"rooms": [], "account_data": {"types": [str(RoomAdapter.count)]}}}
        RoomAdapter.count += 1
        now = self.bot.call("GET", "/_matrix/client/v3/sync", filter=json.dumps(filter_))["next_batch"]
        position = f"/_matrix/client/v3/user/{quote(self.bot.user)}/account_data/org.aivax_bots.position"
        self.bot.call("PUT", position, {"since": now})
        self.apps = {
            who: App(each, self.room_of_all, self.bot.user, now) for who, each in self.people.items()
        }
        return self

    def _made(self) -> Client:
        name = f"bot{self.count}-{self.ana.user[4:].partition(':')[0]}"
        bot = self.homeserver.register(name, displayname=BOT_NAME)
        path = f"/_synapse/admin/v1/join/{quote(self.room_of_all)}"
        self.ana.call("POST", path, {"user_id": bot.user})
        if not self.is_limited:
            self.homeserver.unlimited(self.ana, bot.user)
            RoomAdapter.bot_of_all = bot
        return bot

    def spoil(self) -> None:
        """Leave the bot to this test."""
        if self.bot is RoomAdapter.bot_of_all:
            RoomAdapter.bot_of_all = None

    async def __aexit__(self, *_: object) -> None:
        if self.bot is not RoomAdapter.bot_of_all:
            self.bot.close()

    def settings(self) -> Mapping[str, object]:
        return {"homeserver": self.homeserver.url, "access_token": self.bot.token, "sync_timeout_s": 5}

    def message(self, words: str) -> dict[str, Any]:
        """What an app sends for words to the bot."""
        pill = f'<a href="https://matrix.to/#/{self.bot.user}">{BOT_NAME}</a>'
        return {
            "msgtype": "m.text",
            "body": f"{BOT_NAME}: {words}",
            "format": "org.matrix.custom.html",
            "formatted_body": f"{pill}: {words}",
            "m.mentions": {"user_ids": [self.bot.user]},
        }

    async def say(self, words: str, *, by: str = ANA) -> str:
        return self.apps[by].client.send(self.apps[by].room, self.message(words))

    async def edit(self, said: str, words: str) -> None:
        now = self.message(words)
        relation = {"rel_type": "m.replace", "event_id": said}
        content = {**now, "body": f"* {now['body']}", "m.new_content": now, "m.relates_to": relation}
        self.ana.send(self.apps[ANA].room, {**content, "m.mentions": {}})

    async def delete(self, said: str) -> None:
        self.ana.redact(self.apps[ANA].room, said)

    async def send_file(self, words: str, name: str, data: bytes) -> None:
        uploaded = self.ana.call("POST", "/_matrix/media/v3/upload", data, filename=name)["content_uri"]
        info = {"mimetype": "text/plain", "size": len(data)}
        content = {
            **self.message(words),
            "msgtype": "m.file",
            "filename": name,
            "url": uploaded,
            "info": info,
        }
        self.ana.send(self.apps[ANA].room, content)

    def visible(self, *, to: str = ANA) -> Sequence[str]:
        return [each.text for each in self.apps[to].look().messages.values() if each.text]

    def pings(self) -> Sequence[str]:
        told = [
            (who, client.call("GET", "/_matrix/client/v3/notifications", only="highlight", limit=50))
            for who, client in self.people.items()
        ]
        return [
            who
            for who, list_ in told
            for each in list_["notifications"]
            if each["event"]["sender"] == self.bot.user
        ]

    def files(self) -> Sequence[str]:
        contents = (each.content for each in self.apps[ANA].look().messages.values())
        return [content["filename"] for content in contents if "filename" in content]

    def is_typing(self) -> bool:
        return self.apps[ANA].look().is_typing

    def buttons(self) -> Sequence[str]:
        return [key for each in self.apps[ANA].look().messages.values() for key in each.reactions.values()]

    async def press(self, label: str) -> None:
        below = next(
            each.id for each in self.apps[ANA].look().messages.values() if label in each.reactions.values()
        )
        relation = {"rel_type": "m.annotation", "event_id": below, "key": label}
        self.ana.send(self.apps[ANA].room, {"m.relates_to": relation}, "m.reaction")

    async def refuse(self) -> None:
        self.spoil()
        self.bot.call("POST", "/_matrix/client/v3/logout", {})

    async def surprise(self) -> None:
        room = self.apps[ANA].room
        plain = {"msgtype": "m.text", "body": "I see"}
        mention = {"m.mentions": {"user_ids": [self.bot.user]}}
        for content in (
            {"msgtype": "m.hologram", "body": "it glows", **mention},
            {"msgtype": "m.text", "body": "", "m.relates_to": "all"},
            {"msgtype": "m.text", "body": "* x", "m.relates_to": {"rel_type": "m.replace", "event_id": 3}},
            {"msgtype": "m.file", "body": "x", "url": 5, "info": [], **mention},
        ):
            self._try(room, content)
        relation = {"rel_type": "m.annotation", "event_id": self.ana.send(room, plain), "key": "Good"}
        self._try(room, {"m.relates_to": relation}, "m.reaction")
        self._try(room, {"m.relates_to": ["?"]}, "m.reaction")
        self._try(room, {"level": 3}, "org.example.flew")
        self.ana.set_state(room, "org.example.weather", {"of": None})

    def _try(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> None:
        """Send what another homeserver might let through, where this one does."""
        with suppress(ApiError):
            self.ana.send(room, content, kind)
