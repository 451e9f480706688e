"""What the core keeps of a place or a file in Slack: enough to use it from another process, days later."""

from __future__ import annotations

from typing import Annotated

import msgspec

from core.domain import PlaceClosed, PlatformError

PLATFORM = "slack"


class Address(msgspec.Struct, frozen=True, omit_defaults=True, rename={"ephemeral": "whisper"}):
    """A place to answer in, with the question that is answered there."""

    channel: Annotated[str, msgspec.Meta(min_length=1)]
    team: str = ""
    thread: str = ""
    """The thread's root that the answer goes below; `""` for the channel itself."""
    question: str = ""
    """The question's own ts."""
    user: str = ""
    user_team: str = ""
    """The asker's own workspace: a stream outside of direct messages is addressed by both."""
    direct: bool = False
    """Whether it is a direct message."""
    ephemeral: bool = False
    """Whether only `user` is to see the answer: they pressed a button on the message `question`."""
    home: bool = False
    """Whether it is the app's Home tab, as `user` sees it."""
    reply: str = ""
    """The `response_url` that takes an answer to `user` alone for half an hour, also where the bot is no member."""

    calls: str = ""
    """Whom a message there notifies, and nobody else."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address back. Raises `PlaceClosed` where it is none of ours."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeError) as exc:
            raise PlaceClosed(PLATFORM, code="bad_address", detail=text[:200]) from exc


class FileRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that somebody attached."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    url: str
    """Where it is downloaded; `""` where only the id is known: then Slack is asked."""
    team: str = ""
    """The workspace that it was met in; `""` in references older than workspaces are named."""
    gone: bool = False
    """Whether Slack does not have its bytes."""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> FileRef:
        """Read a reference back. Raises `PlatformError` where it is none of ours."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeError) as exc:
            raise PlatformError(PLATFORM, code="bad_reference") from exc
