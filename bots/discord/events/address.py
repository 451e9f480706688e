"""The opaque strings that the core stores for us: where to answer, and where a file is."""

from __future__ import annotations

import re

import msgspec

from core.domain import PlaceClosed, PlatformError, SettingRefused

PLATFORM = "discord"


class Address(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    rename={
        "channel": "c",
        "message": "m",
        "guild": "g",
        "parent": "p",
        "reply": "r",
        "private": "d",
        "app": "a",
        "token": "t",
        "opens": "o",
        "interaction": "i",
        "user": "u",
        "hidden": "h",
        "speaks": "s",
        "locale": "l",
        "calls": "n",
    },
):
    """Where a question stands: enough to answer it from another process, days later."""

    channel: int
    """The channel, thread or direct conversation that it was posted in."""
    message: int = 0
    """The question itself; 0 where there is none."""
    guild: int = 0
    parent: int = 0
    """The channel that the thread `channel` belongs to; 0 outside threads."""
    reply: int = 0
    """The message that the question replies to."""
    private: bool = False
    opens: bool = False
    """Whether the thread `channel` is opened from the question, for its answer; the question stands in `parent`."""
    app: int = 0
    """With `token`: a press or a command. A press is answered for who pressed alone."""
    token: str = ""
    """An interaction's; it is good for 15 minutes."""
    interaction: int = 0
    """A command's, which is answered where Discord shows that the bot thinks; its id tells when it was given."""
    user: int = 0
    """Who asked, or gave the command."""
    hidden: bool = False
    """Whether nobody else sees the command's answer, in a place where others read."""
    may_send: bool = False
    """Whether the bot may see and write in the command's channel by itself."""
    locale: str = ""
    calls: int = 0
    """Whom the first message of an answer notifies, and nobody else."""

    @property
    def question(self) -> Address:
        """Where the question itself stands, which is not in the thread that was opened from it."""
        return (
            msgspec.structs.replace(self, channel=self.parent, parent=0, opens=False) if self.opens else self
        )

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address back. Raises PlaceClosed where it is none of ours."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeError) as exc:
            raise PlaceClosed(PLATFORM, code="unknown_address", detail=text[:200]) from exc


class FileRef(
    msgspec.Struct, frozen=True, rename={"channel": "c", "message": "m", "attachment": "a", "url": "u"}
):
    """Where an attachment is: its signed address, and the message to ask for a new one."""

    channel: int
    message: int
    attachment: int
    url: str

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str) -> FileRef:
        """Read a reference back. Raises PlatformError where it is none of ours."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeError) as exc:
            raise PlatformError(PLATFORM, code="unknown_file", detail=text[:200]) from exc


_CHANNEL = re.compile(r"(?:<#|https://(?:\w+\.)?discord\.com/channels/\d+/)?(\d{15,20})>?")


def address_of(channel: str) -> Address:
    """Read a channel as operators write it: its id, `<#id>`, or its link. Raises SettingRefused."""
    if (found := _CHANNEL.fullmatch(channel.strip())) is None:
        raise SettingRefused(
            "[operators] channel",
            value=channel,
            fix="give a Discord channel's id (developer mode, right click, Copy Channel ID)",
        )
    return Address(channel=int(found[1]))


KINDS = ("", "o", "f", "d")
"""What may stand before a message's id in the ledger: see `bots.discord.delivery.interaction_channel`."""


def ids_of(message: str) -> tuple[str, ...]:
    """Every way in which the ledger may name a message; nothing for none."""
    return tuple(f"{kind}{message}" for kind in KINDS) if message.strip("0") else ()


def snowflake(message_id: str) -> int:
    """Read a message's id. Raises PlaceClosed where it can't be one."""
    if not (message_id.isascii() and message_id.isdigit()):
        raise PlaceClosed(PLATFORM, code="unknown_message", detail=message_id[:40])
    return int(message_id)
