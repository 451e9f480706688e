"""What there is on the fake Discord: people, guilds, channels, messages, interactions."""

import mimetypes
from dataclasses import dataclass, field
from typing import Any

TEXT, DM, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 1, 2, 4, 5, 13, 15, 16
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREAD_KINDS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
VOICE_KINDS = frozenset({VOICE, STAGE})
POST_KINDS = frozenset({FORUM, MEDIA})

SUPPRESS_EMBEDS, HAS_THREAD, EPHEMERAL, LOADING, SILENT, COMPONENTS_V2 = 4, 32, 64, 128, 4096, 32768


@dataclass(eq=False)
class Person:
    """An account: a person, another bot, or the bot under test."""

    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    nick: str | None = None
    """What the servers that they are in call them."""
    has_left: bool = False
    """Whether they are a member of no server any more."""
    accepts_dms: bool = True
    may_ping_everyone: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: int = 0
    mentionable: bool = False
    bot_id: int | None = None

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"


@dataclass(eq=False)
class Guild:
    """A server; its first role is @everyone, its second the bot's managed one."""

    id: int
    name: str
    roles: list[Role]
    locale: str = "en-US"
    available: bool = True
    bot_present: bool = True
    commands_created: int = 0
    held: dict[int, list[Role]] = field(default_factory=dict)
    """The roles that people have, by the person's id."""

    @property
    def everyone(self) -> Role:
        return self.roles[0]

    @property
    def bot_role(self) -> Role:
        return self.roles[1]


@dataclass(eq=False)
class Channel:
    """A channel, thread, forum or direct conversation."""

    id: int
    kind: int
    name: str
    guild: Guild | None = None
    parent: "Channel | None" = None
    category: "Channel | None" = None
    recipient: Person | None = None
    owner_id: int = 0
    denied: int = 0
    allowed: dict[int, int] = field(default_factory=dict)
    """What people may do here beyond their roles, by the person's id."""
    archived: bool = False
    locked: bool = False
    archive_changed_at: float = 0.0
    auto_archive_minutes: int = 1440
    joined: bool = False
    deleted: bool = False
    typing_until: float = 0.0
    messages: dict[int, "Message"] = field(default_factory=dict)
    nonces: dict[str, tuple[float, int]] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        return self.kind in THREAD_KINDS

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"


@dataclass(frozen=True)
class Upload:
    """A file that someone attaches; `url` and `claimed_size` let a payload lie about it."""

    name: str
    data: bytes
    content_type: str | None = None
    url: str | None = None
    claimed_size: int | None = None

    @property
    def guessed_type(self) -> str | None:
        return self.content_type or mimetypes.guess_type(self.name)[0]


@dataclass(eq=False)
class Attachment:
    id: int
    channel_id: int
    upload: Upload
    description: str | None = None


@dataclass(frozen=True)
class Reference:
    """Points at another message: kind 0 is a reply, 1 a forward."""

    message_id: int | None
    channel_id: int
    kind: int = 0


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel
    author: Person
    content: str = ""
    kind: int = 0
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    previews: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    reference: Reference | None = None
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[Person] = field(default_factory=list)
    mention_roles: list[Role] = field(default_factory=list)
    mention_everyone: bool = False
    replied_user_pinged: bool = False
    pings: set[str] = field(default_factory=set)
    edited_at: float | None = None
    nonce: str | int | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    """The app that the webhook belongs to."""
    further: dict[str, Any] = field(default_factory=dict)
    """Fields that the fake knows nothing of: stickers, a poll, an activity, whatever Discord will think of."""
    interaction: "Interaction | None" = None
    thread: Channel | None = None
    pinned: bool = False
    deleted: bool = False
    reactions: dict[str, list[Person]] = field(default_factory=dict)
    versions: list[str] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)


@dataclass(eq=False)
class Interaction:
    """Something a person did with the bot's commands or components, and how it was answered."""

    id: int
    token: str
    kind: int
    person: Person
    channel: Channel
    data: dict[str, Any]
    created_at: float
    message: Message | None = None
    answered_with: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[dict[str, Any]] | None = None
    modal: dict[str, Any] | None = None
