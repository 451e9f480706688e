"""A message with all that Discord sent of it.

discord.py keeps what it knows of a message, and raises over parts of another shape: an exception there would end the
client. So it is given what it needs to tell who wrote where, in the documented shape; all that a message says is read
from the object itself, whatever is new in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import discord

from bots.discord.events.payloads import as_id, id_of, list_of, number_of, part_of, parts_of, text_of
from core.domain import Administers

Json = Mapping[str, Any]

UNKNOWN_TYPE = -1
"""Stands for a message type that is no number."""
MOST_MENTIONS = 100
"""Discord's limit for who can be mentioned in a message, for people as for roles."""


class WholeMessage(discord.Message):
    """discord.py's message, beside the object that Discord sent."""

    __slots__ = ("raw",)

    raw: Json

    def __init__(self, *, state: Any, channel: Any, data: Any) -> None:
        """Read a message, and the one that it replies to. Raises ValueError for one without an id."""
        self.raw = data
        super().__init__(state=state, channel=channel, data=known_of(data))  # type: ignore[arg-type]

    @property
    def author_manages(self) -> bool:
        """Whether its author may take away others' messages there, as far as is known."""
        author, here = self.author, self.channel
        if not isinstance(author, discord.Member) or not isinstance(
            here, discord.abc.GuildChannel | discord.Thread
        ):
            return False
        with suppress(discord.ClientException):  # a thread whose channel is unknown
            return here.permissions_for(author).manage_messages
        return False

    @property
    def author_administers(self) -> Administers:
        """What its author may set there, as their roles have it; nothing where discord.py does not know them."""
        author, here = self.author, self.channel
        if self.guild is None or not isinstance(author, discord.Member):
            return Administers.NOTHING
        if author.guild_permissions.manage_guild:
            return Administers.SERVER
        if not isinstance(here, discord.abc.GuildChannel | discord.Thread):
            return Administers.NOTHING
        with suppress(discord.ClientException):  # a thread whose channel is unknown
            return administered_by(here.permissions_for(author))
        return Administers.NOTHING

    @property
    def by_app(self) -> bool:
        """Whether a bot or a hook wrote it."""
        return bool(part_of(self.raw, "author").get("bot")) or self.raw.get("webhook_id") is not None


def administered_by(may: discord.Permissions) -> Administers:
    """What somebody with these permissions in a channel of a server may set."""
    if may.manage_guild:
        return Administers.SERVER
    return Administers.CHANNEL if may.manage_channels else Administers.NOTHING


def known_of(data: Any) -> dict[str, Any]:
    """Take of a message what discord.py is to read. Raises ValueError where nobody can tell which message it is."""
    here = {name: str(id_) for name in ("id", "channel_id") if (id_ := id_of(data, name))}
    if len(here) < 2:
        raise ValueError("a message without an id or a channel")
    known: dict[str, Any] = here | {
        "type": number_of(data, "type", UNKNOWN_TYPE if "type" in data else 0),
        "content": text_of(data, "content"),
        "flags": number_of(data, "flags"),
        "edited_timestamp": _moment(data, "edited_timestamp"),
        "mention_everyone": data.get("mention_everyone") is True,
        "mentions": _mentions(data),
        "mention_roles": [
            str(id_) for each in list_of(data, "mention_roles")[:MOST_MENTIONS] if (id_ := as_id(each))
        ],
        **{name: [] for name in ("attachments", "embeds", "components")},
    }
    known |= {
        name: str(id_) for name in ("guild_id", "webhook_id", "application_id") if (id_ := id_of(data, name))
    }
    known |= {"nonce": nonce} if isinstance(nonce := data.get("nonce"), str | int) else {}
    if author := user_of(part_of(data, "author")):
        known["author"] = author
        known |= {"member": member_of(member)} if (member := part_of(data, "member")) else {}
    return known | _reference(data, here["channel_id"])


def user_of(given: Json) -> dict[str, Any]:
    """Take of a person what discord.py is to read; nothing of somebody without an id."""
    if not (id_ := id_of(given, "id")):
        return {}
    return {
        "id": str(id_),
        "username": text_of(given, "username"),
        "discriminator": text_of(given, "discriminator") or "0",
        "global_name": text_of(given, "global_name") or None,
        "avatar": text_of(given, "avatar") or None,
        "bot": bool(given.get("bot")),
        "system": given.get("system") is True,
        "public_flags": number_of(given, "public_flags"),
    }


def member_of(given: Json) -> dict[str, Any]:
    """Take of a membership what discord.py is to read."""
    return {
        "nick": text_of(given, "nick") or None,
        "roles": [str(id_) for each in list_of(given, "roles") if (id_ := as_id(each))],
        "joined_at": _moment(given, "joined_at"),
        "flags": number_of(given, "flags"),
        **({"permissions": str(may)} if (may := as_id(given.get("permissions"))) else {}),
    }


def _mentions(data: Json) -> list[dict[str, Any]]:
    found = [(user_of(each), part_of(each, "member")) for each in parts_of(data, "mentions")[:MOST_MENTIONS]]
    return [user | ({"member": member_of(member)} if member else {}) for user, member in found if user]


def _reference(data: Json, channel: str) -> dict[str, Any]:
    """Take which message this one points at, and that one, with no further one in it: Discord tells none."""
    given = part_of(data, "message_reference")
    if not given:
        return {}
    ids = {name: str(id_) for name in ("message_id", "guild_id") if (id_ := id_of(given, name))}
    there = str(id_of(given, "channel_id") or channel)
    known: dict[str, Any] = {
        "message_reference": {"type": number_of(given, "type"), "channel_id": there} | ids
    }
    original = data.get("referenced_message", {})
    if original is None:
        known["referenced_message"] = None
    elif id_of(original, "id"):
        its = {name: value for name, value in original.items() if name != "referenced_message"}
        known["referenced_message"] = its | {"channel_id": str(id_of(original, "channel_id") or there)}
    return known


def _moment(data: Json, name: str) -> str | None:
    """A moment as Discord writes it; None where discord.py could not read it."""
    with suppress(ValueError):
        if discord.utils.parse_time(text_of(data, name)) is not None:
            return text_of(data, name)
    return None
