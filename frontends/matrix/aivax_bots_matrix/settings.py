"""The section `[matrix]` of config.toml."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from aivax_bots import Section


def _without_slash(url: str) -> str:
    return url.rstrip("/")


Homeserver = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^(https?://[^\s/@?#]+(/[^\s?#]*)?)?$"),
    AfterValidator(_without_slash),
]
Server = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^\s/@#!]+$")]
Room = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^!\S+$", max_length=128)]


class MatrixSettings(Section):
    """Where the homeserver is, who the bot is there, and whom it hears."""

    enabled: bool = True
    homeserver: Homeserver = ""
    """The address of the client-server API, such as `https://matrix.example.org`."""
    access_token: SecretStr = SecretStr("")
    """What the homeserver gave the bot's account for one device of its own."""
    servers: tuple[Server, ...] = ()
    """Whose people may invite the bot and are answered, by the server in an id; empty: its own server's; `*`: all."""
    join_invites: bool = True
    """Whether the bot joins where somebody invites it who would be answered there."""
    answers_in: Literal["thread", "room"] = "thread"
    """Whether a question in a room is answered in a thread below it, or as a reply in the room."""
    thread_follow_ups: Literal["mention", "always"] = "mention"
    """Whether words in a thread that the bot takes part in need its mention to be answered."""
    rooms_without_mention: tuple[Room, ...] = ()
    """Rooms, by their ids, in which every message is a question."""
    notices: bool = False
    """Whether answers are notices: clients show those fainter, and ring for none of them."""
    edit_interval_s: float = Field(3.0, ge=0.5, le=60)
    """How far apart the edits of an answer are that grows for some time."""
    message_bytes: int = Field(12_000, ge=1_000, le=16_000)
    """How large one message gets before the next is begun. An event holds 65,536, and an edit its text twice."""
    backfill_hours: float = Field(24.0, ge=0, le=168)
    """How old what was missed may be to be answered after a start; 0: nothing that was missed is."""
    backfill_messages: int = Field(500, ge=0, le=10_000)
    """How many events of one room are read at most to close a gap."""
    upload_bytes: int = Field(50_000_000, ge=0)
    """The largest file that is sent to the homeserver; it has a limit of its own, too."""
    sync_timeout_s: float = Field(30.0, ge=1, le=300)
    """How long the homeserver holds a request for what is new open."""
    request_timeout_s: float = Field(30.0, gt=0, le=600)
    """The longest that any other call may take."""

    @property
    def wanted(self) -> bool:
        """Whether the operator means this frontend to run."""
        return self.enabled and bool(self.access_token.get_secret_value().strip())

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.wanted and not self.homeserver:
            raise ValueError(
                "set homeserver, the address of the bot's homeserver: https://matrix.example.org"
            )
        return self

    def hears(self, user: str, me: str) -> bool:
        """Whether somebody is on a server whose people are answered."""
        theirs = server_of(user)
        return theirs in self.servers or "*" in self.servers or (not self.servers and theirs == server_of(me))


def server_of(user: str) -> str:
    """The server in an id such as `@ana:example.org`."""
    return user.partition(":")[2].lower()
