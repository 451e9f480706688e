"""Gateway events: who gets which, and what they carry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import payloads, permissions, redaction
from .gateway import MESSAGE_CONTENT, Gateway
from .model import DM, Channel, Guild, Interaction, Message, Person
from .payloads import Json
from .session import Session
from .world import World

GUILDS, GUILD_MESSAGES, GUILD_REACTIONS = 1 << 0, 1 << 9, 1 << 10
DIRECT_MESSAGES, DIRECT_REACTIONS = 1 << 12, 1 << 13


class Events:
    """Turns changes into events for the bot."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway
        self._muffled = False

    @contextmanager
    def muffled(self, on: bool = True) -> Iterator[None]:
        """Lets the messages of the block happen without their events."""
        self._muffled = on
        try:
            yield
        finally:
            self._muffled = False

    # -- messages -------------------------------------------------------------------------------

    def message(self, event: str, message: Message) -> None:
        """Publishes MESSAGE_CREATE or MESSAGE_UPDATE, emptied for those who may not read it."""
        channel = message.channel
        if self._muffled or (not self._delivers(channel) and not message.ephemeral):
            return self.world.bell.ring()
        extra = self._surroundings(message)

        def build(session: Session) -> Json:
            own = message.author is self.world.bot
            full = payloads.message(self.world, message, with_nonce=own and event == "MESSAGE_CREATE")
            switched_on = bool(session.intents & MESSAGE_CONTENT)
            return redaction.redact(self.world, message, full, switched_on=switched_on) | extra

        guild = None if message.ephemeral else channel.guild
        return self.gateway.publish(event, build, guild, self._message_intents(message))

    def messages_deleted(self, channel: Channel, ids: list[int], *, bulk: bool = False) -> None:
        if not self._delivers(channel):
            return self.world.bell.ring()
        place = self._place(channel)
        if bulk:
            data = place | {"ids": [str(i) for i in ids]}
            return self._publish("MESSAGE_DELETE_BULK", data, channel, GUILD_MESSAGES)
        for id_ in ids:
            self._publish("MESSAGE_DELETE", place | {"id": str(id_)}, channel, _needs(channel))
        return None

    def reaction(self, event: str, message: Message, person: Person, emoji: str) -> None:
        channel = message.channel
        data = self._place(channel) | {
            "user_id": str(person.id),
            "message_id": str(message.id),
            "message_author_id": str(message.author.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        if channel.guild is not None and event.endswith("_ADD"):
            data["member"] = self._member(channel.guild, person)
        if self._delivers(channel):
            self._publish(event, data, channel, DIRECT_REACTIONS if channel.kind == DM else GUILD_REACTIONS)

    # -- channels, threads, guilds ----------------------------------------------------------------

    def channel(self, event: str, channel: Channel) -> None:
        """Publishes CHANNEL_CREATE, _UPDATE or _DELETE; bots are told of channels that they can't look into, too."""
        self._publish(event, payloads.channel(self.world, channel), channel, GUILDS)

    def thread(self, event: str, thread: Channel, *, new: bool = False) -> None:
        """Publishes THREAD_CREATE, _UPDATE or _DELETE; of a deleted one only ids are told."""
        if not permissions.sees(thread):
            return
        data = payloads.thread(self.world, thread)
        if event == "THREAD_DELETE":
            data = {k: data[k] for k in ("id", "guild_id", "parent_id", "type")}
        self._publish(event, data | ({"newly_created": True} if new else {}), thread, GUILDS)

    def guild(self, event: str, guild: Guild, data: Json) -> None:
        """Publishes GUILD_CREATE, _UPDATE or _DELETE."""
        self.gateway.publish(event, lambda _: data, guild, GUILDS)

    # -- interactions -----------------------------------------------------------------------------

    def interaction(self, interaction: Interaction) -> None:
        """Publishes INTERACTION_CREATE; no intent is needed."""
        channel, guild = interaction.channel, interaction.channel.guild
        owners = {"0": str(guild.id)} if guild is not None else {"0": "0"}
        data: Json = {
            "id": str(interaction.id),
            "application_id": str(self.world.bot.id),
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "attachment_size_limit": 10 * 1024 * 1024,
            "app_permissions": str(_app_permissions(channel)),
            "channel_id": str(channel.id),
            "channel": payloads.channel(self.world, channel),
            "locale": interaction.person.locale,
            "context": 1 if guild is None else 0,
            "authorizing_integration_owners": owners,
            "entitlements": [],
            "data": interaction.data,
        }
        if interaction.message is not None:
            data["message"] = payloads.message(self.world, interaction.message)
        data |= self._who(interaction.person, channel)
        self.gateway.publish("INTERACTION_CREATE", lambda _: data, guild, 0)

    def _who(self, person: Person, channel: Channel) -> Json:
        guild = channel.guild
        if guild is None:
            return {"user": payloads.user(person)}
        may = permissions.of_person(channel, person.id)
        member = self._member(guild, person) | {"permissions": str(int(may))}
        summary = {"id": str(guild.id), "locale": guild.locale, "features": []}
        return {"member": member, "guild_id": str(guild.id), "guild_locale": guild.locale, "guild": summary}

    # -- parts ------------------------------------------------------------------------------------

    def _publish(self, event: str, data: Any, channel: Channel, needs: int) -> None:
        self.gateway.publish(event, lambda _: data, channel.guild, needs)

    def _delivers(self, channel: Channel) -> bool:
        waits = self.world.settings.threads_silent_until_joined and channel.is_thread and not channel.joined
        return permissions.sees(channel) and not waits

    def _surroundings(self, message: Message) -> Json:
        """Adds what only events carry. Own private answers come as if from a DM."""
        guild = message.channel.guild
        if guild is None:
            return {"channel_type": DM}
        if message.ephemeral:
            return {}
        extra: Json = {"guild_id": str(guild.id), "channel_type": message.channel.kind}
        if message.webhook_id is None or message.interaction is not None:
            extra["member"] = payloads.member(self.world, guild, message.author)
        named = [(payloads.user(each), payloads.member(self.world, guild, each)) for each in message.mentions]
        return extra | {"mentions": [user | {"member": member} for user, member in named]}

    def _message_intents(self, message: Message) -> int:
        return GUILD_MESSAGES | DIRECT_MESSAGES if message.ephemeral else _needs(message.channel)

    def _place(self, channel: Channel) -> Json:
        guild = {} if channel.guild is None else {"guild_id": str(channel.guild.id)}
        return {"channel_id": str(channel.id)} | guild

    def _member(self, guild: Guild, person: Person) -> Json:
        return payloads.member(self.world, guild, person) | {"user": payloads.user(person)}


def _needs(channel: Channel) -> int:
    return DIRECT_MESSAGES if channel.kind == DM else GUILD_MESSAGES


def _app_permissions(channel: Channel) -> int:
    return int(permissions.of_bot(channel)) & ((1 << 50) - 1)
