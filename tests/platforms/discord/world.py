"""Everything the fake Discord remembers, and finding things in it."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from .bell import Bell
from .clock import Clock, Snowflakes, created_at
from .errors import unknown_channel, unknown_message, unknown_user
from .model import DM, Attachment, Channel, Guild, Interaction, Message, Person, Upload


@dataclass(frozen=True)
class Settings:
    """How this Discord is set up; every field can be given to `FakeDiscord`."""

    token: str = "fake-token.of.the-bot"
    message_content: bool = True
    """Whether the portal's switch for message content is on."""
    shards: int = 1
    """How many shards `GET /gateway/bot` recommends."""
    heartbeat_interval_s: float = 41.25
    nonce_life_s: float = 300.0
    resume_life_s: float | None = None
    """How long a dropped session can be resumed, by the clock; None: until it is forgotten."""
    session_starts: int = 1000
    max_concurrency: int = 1
    trims_content: bool = True
    """Whether outer whitespace is cut off (not confirmed for the real one)."""
    role_ping_fills_content: bool = False
    """Whether pinging the bot's managed role shows it the content without the switch (not confirmed)."""
    threads_silent_until_joined: bool = False
    """Whether a thread's messages reach the bot only once it has joined or posted, as many report."""
    forum_post_message_first: bool = False
    """Whether a forum post's MESSAGE_CREATE comes before its THREAD_CREATE (the order is not confirmed)."""
    ban_after: int = 10_000
    """Answers 401, 403 and 429 within 10 minutes that get the address banned."""
    odd_pages: bool = False
    """Whether pages of history come in no order, and repeat messages of the page before."""
    json_type: str = "application/json"
    """The content type of JSON; proxies in between are known to add a charset."""


@dataclass
class World:
    """The registries; ids are numbers here and strings on the wire."""

    settings: Settings
    clock: Clock
    bell: Bell = field(default_factory=Bell)
    base_url: str = ""
    people: dict[int, Person] = field(default_factory=dict)
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    interactions: dict[int, Interaction] = field(default_factory=dict)
    commands: dict[int | None, list[dict[str, Any]]] = field(default_factory=dict)
    crashes: list[Exception] = field(default_factory=list)
    """What went wrong in the fake itself; the end of `async with` raises it."""
    signing_key: bytes = field(default_factory=lambda: secrets.token_bytes(8))

    def __post_init__(self) -> None:
        self.ids = Snowflakes(self.clock)
        self.bot = self.add_person("aivax", bot=True)

    def add_person(self, name: str, **fields: Any) -> Person:
        person = Person(self.ids.next(), name, **fields)
        self.people[person.id] = person
        return person

    def add_channel(self, channel: Channel) -> Channel:
        channel.archive_changed_at = self.clock.now()
        self.channels[channel.id] = channel
        return channel

    def channel(self, id_: int | str) -> Channel:
        """Finds a channel or thread, or raises 10003."""
        channel = self.channels.get(as_id(id_))
        if channel is None or channel.deleted:
            raise unknown_channel()
        return channel

    def message(self, channel: Channel, id_: int | str) -> Message:
        """Finds a message that its channel still shows, or raises 10008; private answers are not found here."""
        message = channel.messages.get(as_id(id_))
        if message is None or message.ephemeral:
            raise unknown_message()
        return message

    def person(self, id_: int | str) -> Person:
        """Finds an account, or raises 10013."""
        try:
            return self.people[as_id(id_)]
        except KeyError:
            raise unknown_user() from None

    def dm(self, person: Person) -> Channel:
        """Finds or opens the direct conversation between the bot and a person."""
        for channel in self.channels.values():
            if channel.recipient is person:
                return channel
        return self.add_channel(Channel(self.ids.next(), DM, "", recipient=person))

    def attach(self, channel: Channel, upload: Upload, description: str | None = None) -> Attachment:
        attachment = Attachment(self.ids.next(), channel.id, upload, description)
        self.attachments[attachment.id] = attachment
        return attachment

    def created_at(self, message: Message) -> float:
        """Returns when a message was written, in Unix seconds: its id says it."""
        return created_at(message.id)

    def threads_of(self, guild: Guild) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild is guild and c.is_thread and not c.deleted]

    def channels_of(self, guild: Guild) -> list[Channel]:
        return [c for c in self.channels.values() if c.guild is guild and not c.is_thread and not c.deleted]


def as_id(text: int | str) -> int:
    """Reads an id from a path or body; what is none finds nothing."""
    return int(text) if str(text).isdecimal() else 0
