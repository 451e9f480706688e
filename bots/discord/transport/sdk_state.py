"""discord.py's own state, made to read messages and interactions whole, and to bear what it does not know.

The SDK makes its objects in one class. Two methods of it are replaced, those by which messages come in, and a third
one for interactions, whose other half (views and command trees) we don't use.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import discord
from discord.state import AutoShardedConnectionState, ConnectionState

from bots.discord.events.payloads import LABEL, as_id, id_of, number_of, part_of, parts_of, text_of
from bots.discord.events.sdk_message import Json, WholeMessage, known_of, member_of, user_of

if TYPE_CHECKING:
    Base = ConnectionState[Any]
else:
    Base = object

PLAIN_CHANNEL = {"type": discord.ChannelType.text.value, "name": "", "position": 0}


class WholeMessages(Base):
    """Makes a `WholeMessage` of every message, wherever it comes from. Raises ValueError for one without an id."""

    def create_message(self, *, channel: Any, data: Any) -> WholeMessage:
        return WholeMessage(state=self, channel=channel, data=data)

    def parse_message_create(self, data: Any) -> None:
        message = self._read(data)
        self.dispatch("message", message)
        if hasattr(message.channel, "last_message_id"):
            message.channel.last_message_id = message.id

    def parse_message_update(self, data: Any) -> None:
        message = self._read(data)
        self.dispatch("raw_message_edit", discord.RawMessageUpdateEvent(data=data, message=message))

    def parse_interaction_create(self, data: Any) -> None:
        known = _interaction(data)
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            interaction = discord.Interaction(data=known, state=self)
            if interaction.channel is not None:
                self.dispatch("interaction", interaction)
                return
        # it comes from a channel of a kind that the SDK can't make; its id is enough to answer
        known["channel"] = PLAIN_CHANNEL | {"id": known["channel_id"]}
        self.dispatch("interaction", discord.Interaction(data=known, state=self))

    def _read(self, data: Any) -> WholeMessage:
        channel, _ = self._get_guild_channel(known_of(data))  # type: ignore[arg-type]
        return self.create_message(channel=channel, data=data)


class State(WholeMessages, ConnectionState[Any]):
    """The state of a client that only calls the REST API."""


class ShardedState(WholeMessages, AutoShardedConnectionState[Any]):
    """The state of the gateway's client."""


class RestClient(discord.Client):
    """discord.py's client, reading messages whole."""

    def _get_state(self, **options: Any) -> State:
        return State(
            dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options
        )


def _pressed_label(data: Json) -> str:
    """What stands on the button that was pressed: Discord sends its message along, of which nothing else is used."""
    wanted = text_of(part_of(data, "data"), "custom_id")
    rows = parts_of(part_of(data, "message"), "components")
    shown = (each for row in rows for each in parts_of(row, "components"))
    return next((text_of(each, "label") for each in shown if wanted and each.get("custom_id") == wanted), "")


def _interaction(data: Json) -> Any:
    """Take of an interaction what we use, in the documented shape. Raises ValueError where nobody can answer it."""
    known: dict[str, Any] = {name: str(id_of(data, name)) for name in ("id", "application_id", "channel_id")}
    if not text_of(data, "token") or not id_of(data, "id"):
        raise ValueError("an interaction without an id or a token")
    known |= {
        "token": text_of(data, "token"),
        "type": number_of(data, "type"),
        "version": 1,
        "attachment_size_limit": number_of(data, "attachment_size_limit"),
        "app_permissions": str(as_id(data.get("app_permissions"))),
        "locale": text_of(data, "locale") or "en-US",
        "data": {**part_of(data, "data"), LABEL: _pressed_label(data)},
        "channel": part_of(data, "channel"),
    }
    if guild := id_of(data, "guild_id"):
        known |= {"guild_id": str(guild), "guild": part_of(data, "guild") or {"id": str(guild)}}
    if user := user_of(part_of(data, "user")):
        known["user"] = user
    member = part_of(data, "member")
    if user := user_of(part_of(member, "user")):
        known["member"] = member_of(member) | {"user": user}
    return known
