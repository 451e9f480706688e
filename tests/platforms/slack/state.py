"""What Slack knows: workspaces, people, channels, messages, files."""

from dataclasses import dataclass, field
from typing import Any

from .streams import Stream

KINDS = {"channel": "C", "group": "C", "im": "D", "mpim": "G"}


@dataclass(eq=False)
class Workspace:
    id: str
    name: str
    bot_token: str
    scopes: set[str]
    bot: "Person" = field(init=False)
    enterprise_id: str | None = None
    installed: bool = True


@dataclass(eq=False)
class Token:
    """A bot token: whose it is, until when, and the error that it meets if it is dead."""

    workspace: Workspace
    expires_at: float | None = None
    error: str | None = None


@dataclass(eq=False)
class Person:
    id: str
    name: str
    workspace: Workspace
    locale: str = "en-US"
    tz: str = "Europe/Amsterdam"
    bot_id: str | None = None
    app_id: str | None = None
    restricted: bool = False
    stranger: bool = False
    admin: bool = False
    owner: bool = False

    @property
    def team_id(self) -> str:
        return self.workspace.id


@dataclass(eq=False)
class Channel:
    id: str
    name: str
    kind: str  # channel | group | im | mpim
    workspace: Workspace
    members: set[str] = field(default_factory=set)
    archived: bool = False
    shared: bool = False
    creator: str = ""
    messages: dict[str, "Message"] = field(default_factory=dict)

    @property
    def bot_in(self) -> bool:
        return self.workspace.bot.id in self.members

    def thread(self, root: str) -> list["Message"]:
        return [message for message in self.standing() if root in (message.ts, message.thread_ts)]

    def standing(self) -> list["Message"]:
        """The messages that everyone in the channel can see, oldest first."""
        return [
            message for message in self.messages.values() if message.only_to is None and not message.hidden
        ]


@dataclass(eq=False)
class Message:
    channel: Channel
    ts: str
    author: Person
    text: str = ""
    thread_ts: str | None = None
    subtype: str | None = None
    blocks: list[dict[str, Any]] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
    client_msg_id: str | None = None
    edited: dict[str, str] | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    only_to: str | None = None  # an ephemeral message's one reader
    deleted: bool = False
    twin: bool = False  # the second sighting of one sentence: known to Slack, shown to nobody
    unfurls: bool = True
    names_live: bool = False  # link_names, or parse: "full"
    markdown: bool = False  # text is Markdown
    stream: Stream | None = None

    @property
    def hidden(self) -> bool:
        return self.deleted or self.twin

    def replies(self) -> list["Message"]:
        return [each for each in self.channel.standing() if each.thread_ts == self.ts and each is not self]


@dataclass(eq=False)
class File:
    id: str
    name: str
    mimetype: str
    body: bytes
    workspace: Workspace
    mode: str = "hosted"
    hops: int = 0  # redirects to another host before the bytes come
    signed: bool = False  # the last hop is a signed address that wants no token
    subtype: str = ""  # slack_audio, slack_video: a clip that was recorded in Slack
    awaited_bytes: int = 0  # so many are still to be uploaded
    completed: bool = False  # uploaded by the app and shared
    title: str = ""
    alt: str = ""
    shares: list["Message"] = field(default_factory=list)
    connect: bool = False  # arrives as {"id", "file_access": "check_file_info"}
    url: str = ""

    def as_api(self) -> dict[str, Any]:
        if self.mode in ("tombstone", "hidden_by_limit"):
            return {"id": self.id, "mode": self.mode}
        if self.mode == "external":
            elsewhere = {
                "is_external": True,
                "external_type": "gdrive",
                "url_private": "https://drive.example/x",
            }
            return {
                "id": self.id,
                "name": self.name,
                "mimetype": self.mimetype,
                "mode": "external",
                **elsewhere,
            }
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            **({"alt_txt": self.alt} if self.alt else {}),
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2],
            "size": len(self.body),
            "mode": self.mode,
            **({"subtype": self.subtype} if self.subtype else {}),
            "shares": self._shares(),
            "url_private": self.url,
            "url_private_download": self.url.replace("/files-pri/", "/files-pri/download/"),
        }

    def _shares(self) -> dict[str, Any]:
        where: dict[str, list[dict[str, Any]]] = {}
        for message in self.shares:
            where.setdefault(message.channel.id, []).append({"ts": message.ts})
        return {"private": where} if where else {}

    def as_event(self) -> dict[str, Any]:
        return {"id": self.id, "file_access": "check_file_info"} if self.connect else self.as_api()


@dataclass(eq=False)
class View:
    """A modal or a Home tab, as the app last gave it."""

    id: str
    person: Person
    body: dict[str, Any]
    hash: str = "1"
    gone: bool = False

    def as_api(self) -> dict[str, Any]:
        given = {"callback_id": "", "private_metadata": "", **self.body}
        return {
            **given,
            "id": self.id,
            "hash": self.hash,
            "state": {"values": {}},
            "team_id": self.person.team_id,
        }


@dataclass(eq=False)
class Session:
    """An agent session, or the free-text status in its slot."""

    status: str = "active"
    text: str = ""
    since: float = 0.0
    title: str = ""
    loading: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Trigger:
    """A `trigger_id`: whose gesture it stands for, and until when."""

    person: Person
    until: float
    used: bool = False


@dataclass(eq=False)
class Grant:
    """An OAuth code, before it is exchanged."""

    workspace: Workspace
    scopes: frozenset[str]
    redirect_uri: str
    until: float


@dataclass(eq=False)
class Refresh:
    """A refresh token."""

    workspace: Workspace
    used_at: float | None = None
