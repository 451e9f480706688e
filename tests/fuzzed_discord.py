"""Mutants of what Discord's gateway sends, and what the frontend makes of one, without a connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import discord

from bots.discord.events import interactions
from bots.discord.events.buttons import action_in, press_of
from bots.discord.events.message_reader import quoted
from bots.discord.events.modals import about_in, feedback_in, text_in
from bots.discord.events.names import Names
from bots.discord.events.sdk_message import WholeMessage
from bots.discord.events.translate import Me, edited, is_addressed, not_from_person, parent_of, translate
from bots.discord.features.surroundings import quote_of, said_in
from bots.discord.listening.parsers import Parsers, Unread
from bots.discord.transport.sdk_state import RestClient
from tests.corpus.discord_messages.render import BOT, GUILD
from tests.corpus.entries import entries
from tests.fuzzing import mutant

PAYLOADS = Path(__file__).parent / "payloads" / "discord"
GUILD_ID, CHANNEL, THREAD = GUILD["id"], GUILD["channels"][0]["id"], GUILD["threads"][0]["id"]
ANA: dict[str, Any] = {"id": "1100000000000000002", "username": "ana", "discriminator": "0", "avatar": None}
MEMBER = {
    "user": ANA,
    "roles": [],
    "joined_at": "2026-03-04T05:06:07+00:00",
    "flags": 0,
    "permissions": "1099511627775",
}
Event = tuple[str, Any]


def _messages() -> list[Any]:
    """Every message of the corpus, and those recorded beside the tests of the reader."""
    corpus = [entry for entry in entries() if entry.path.parent.name == "discord_messages"]
    told = [entry.json("event") for entry in corpus if "event" in entry.given]
    around = [
        each for entry in corpus if "surroundings" in entry.given for each in entry.json("surroundings")
    ]
    recorded = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(PAYLOADS.glob("*.json"))]
    recorded = [frame["d"] for frame in recorded if frame["t"].startswith("MESSAGE_")]
    return [*told, *(each | {"guild_id": GUILD_ID} for each in around), *recorded]


def _interaction(kind: int, data: Mapping[str, Any]) -> Any:
    return {
        "id": "1590000000000000001",
        "application_id": str(BOT),
        "type": kind,
        "token": "fuzzed",
        "version": 1,
        "guild_id": GUILD_ID,
        "guild": {"id": GUILD_ID, "locale": "en-US", "features": []},
        "channel_id": CHANNEL,
        "channel": GUILD["channels"][0],
        "member": MEMBER,
        "locale": "pt-BR",
        "app_permissions": "562949953421311",
        "attachment_size_limit": 10_485_760,
        "authorizing_integration_owners": {"0": GUILD_ID},
        "entitlements": [],
        "context": 0,
        "data": data,
    }


MESSAGES = _messages()
FILE = {"id": "7", "filename": "a.txt", "size": 1, "url": "https://cdn.discordapp.com/attachments/1/7/a.txt"}
QUESTION = {"name": "question", "type": 3, "value": "what is <@1100000000000000003>?"}
INTERACTIONS = [
    _interaction(
        2,
        {
            "id": "1",
            "name": "ask",
            "type": 1,
            "options": [QUESTION, {"name": "file", "type": 11, "value": "7"}],
            "resolved": {"attachments": {"7": FILE}},
        },
    ),
    _interaction(
        2, {"id": "2", "name": "model", "type": 1, "options": [{"name": "gateway", "type": 3, "value": "m"}]}
    ),
    _interaction(
        2,
        {
            "id": "3",
            "name": "Ask about this",
            "type": 3,
            "target_id": MESSAGES[0]["id"],
            "resolved": {"messages": {MESSAGES[0]["id"]: MESSAGES[0]}},
        },
    ),
    _interaction(3, {"custom_id": "aivax:bad:k1", "component_type": 2}) | {"message": MESSAGES[1]},
    _interaction(
        4,
        {
            "id": "2",
            "name": "model",
            "type": 1,
            "options": [{"name": "gateway", "type": 3, "value": "m", "focused": True}],
        },
    ),
    _interaction(
        5,
        {
            "custom_id": f"aivax-about:{CHANNEL}:7",
            "components": [{"type": 18, "component": {"type": 4, "custom_id": "words", "value": "why?"}}],
        },
    ),
]
CHANGES: list[Event] = [
    ("MESSAGE_DELETE", {"id": "1500000000000000001", "channel_id": CHANNEL, "guild_id": GUILD_ID}),
    ("MESSAGE_DELETE_BULK", {"ids": ["1500000000000000001"], "channel_id": CHANNEL, "guild_id": GUILD_ID}),
    ("CHANNEL_UPDATE", GUILD["channels"][0] | {"guild_id": GUILD_ID}),
    ("CHANNEL_CREATE", GUILD["channels"][1] | {"guild_id": GUILD_ID}),
    ("THREAD_CREATE", GUILD["threads"][0]),
    ("THREAD_UPDATE", GUILD["threads"][0]),
    ("GUILD_ROLE_UPDATE", {"guild_id": GUILD_ID, "role": GUILD["roles"][1]}),
    (
        "GUILD_UPDATE",
        {key: value for key, value in GUILD.items() if key not in ("members", "channels", "threads")},
    ),
    ("GUILD_CREATE", GUILD),
]


def fuzzed(number: int) -> Event:
    """Make an event by its number: six of ten are messages."""
    match number % 10:
        case 0 | 1 | 2 | 3:
            return "MESSAGE_CREATE", mutant(MESSAGES, number)
        case 4 | 5:
            return "MESSAGE_UPDATE", mutant(MESSAGES, number) | {
                "edited_timestamp": "2026-08-01T10:05:00+00:00"
            }
        case 6 | 7:
            return "INTERACTION_CREATE", mutant(INTERACTIONS, number)
        case _:
            kind, data = CHANGES[number // 10 % len(CHANGES)]
            return kind, mutant([data], number)


class Reader(RestClient):
    """Does with each event what the frontend does before it asks anybody. Raises what that raises."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True, guild_messages=True), max_messages=None)
        self.unread: list[Unread] = []
        self.read = 0
        who: Any = {"id": str(BOT), "username": "aivax", "discriminator": "0", "avatar": None}
        self._connection.user = discord.ClientUser(state=self._connection, data=who)
        self._connection.parsers = Parsers(self._connection.parsers, self.unread.append)
        self._failed: Exception | None = None
        self.take(("GUILD_CREATE", json.loads(json.dumps(GUILD))))

    def take(self, event: Event) -> None:
        kind, data = event
        self._connection.parsers[kind](data)
        if (failed := self._failed) is not None:
            self._failed = None
            raise failed

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        try:
            match event, args:
                case "message", (WholeMessage() as message,):
                    self._message(message)
                case "raw_message_edit", (discord.RawMessageUpdateEvent(message=WholeMessage() as message),):
                    edited(message, ME)
                case "interaction", (discord.Interaction() as interaction,):
                    _interact(interaction)
        except Exception as failed:  # noqa: BLE001  the guard around the parser would take it for the SDK's
            self._failed = failed
        else:
            self.read += 1

    def _message(self, message: WholeMessage) -> None:
        is_addressed(message, ME)
        not_from_person(message, ME)
        translate(message, ME, parent_of(message.channel) or 0, open_here=True)
        for each in said_in([message]):
            if hasattr(each, "author"):
                quote_of(each, BOT, NAMES)
                quoted(each, each.channel.id, NAMES)


ME = Me(BOT, "aivax", heard=frozenset({466378653216014359}))
NAMES = Names({1100000000000000003: "Ben"})


def _interact(interaction: discord.Interaction) -> None:
    source = interactions.source_of(interaction)
    if source is None:
        return
    data = interactions.data_of(interaction)
    interactions.translate(interaction, source)
    interactions.typed_in(interaction)
    interactions.is_hidden(interaction)
    press_of(source, action_in(data.get("custom_id")))
    about_in(data), feedback_in(data), text_in(data)
    if (message := interactions.asks_about(interaction)) is not None and hasattr(message, "author"):
        quoted(message, source.address.channel, NAMES)
