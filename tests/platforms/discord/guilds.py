"""Guilds, channels and threads coming, changing and going."""

from typing import Any

from . import payloads
from .errors import ApiError
from .events import Events
from .mentions import EVERYTHING, Allowed
from .model import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    HAS_THREAD,
    PUBLIC_THREAD,
    Channel,
    Guild,
    Message,
    Person,
    Reference,
    Role,
)
from .permissions import EVERYONE
from .posting import Posting
from .world import World


class Guilds:
    """Keeps places and tells the bot of their changes."""

    def __init__(self, world: World, events: Events, posts: Posting) -> None:
        self.world = world
        self.events = events
        self.posts = posts

    def new_guild(self, name: str, shard: tuple[int, int], **fields: Any) -> Guild:
        """Makes a guild with the bot in it."""
        world = self.world
        id_ = world.ids.on_shard(*shard)
        bots = Role(world.ids.next(), world.bot.name, bot_id=world.bot.id)
        guild = Guild(id_, name, [Role(id_, "everyone", int(EVERYONE)), bots], **fields)
        world.guilds[id_] = guild
        self.announce(guild, joined=True)
        return guild

    def announce(self, guild: Guild, *, joined: bool = False) -> None:
        """Publishes GUILD_CREATE: a guild joined now says nothing of `unavailable`."""
        data = payloads.guild(self.world, guild)
        if joined:
            del data["unavailable"]
        self.events.guild("GUILD_CREATE", guild, data)

    def new_channel(self, guild: Guild, name: str, kind: int, category: Channel | None = None) -> Channel:
        channel = self.world.add_channel(Channel(self.world.ids.next(), kind, name, guild, category=category))
        self.events.channel("CHANNEL_CREATE", channel)
        return channel

    def new_thread(
        self, parent: Channel, name: str, owner: Person, minutes: int, kind: int | None = None, id_: int = 0
    ) -> Channel:
        """Makes a thread that nobody is told of yet."""
        usual = ANNOUNCEMENT_THREAD if parent.kind == ANNOUNCEMENT else PUBLIC_THREAD
        thread = Channel(
            id_ or self.world.ids.next(), kind or usual, name, parent.guild, parent, owner_id=owner.id
        )
        thread.auto_archive_minutes = minutes
        thread.joined = owner is self.world.bot
        return self.world.add_channel(thread)

    def thread_from(self, message: Message, name: str, owner: Person, minutes: int = 1440) -> Channel:
        """Starts a thread on a message: it has the message's id, and first a message of type 21."""
        thread = self.new_thread(message.channel, name, owner, minutes, id_=message.id)
        message.thread = thread
        message.flags |= HAS_THREAD
        self.events.thread("THREAD_CREATE", thread, new=True)
        self.posts.touch(message)
        first = self.posts.draft(thread, message.author, kind=21)
        first.reference = Reference(message.id, message.channel.id)
        self.posts.publish(first)
        thread.joined = owner is self.world.bot
        return thread

    def thread_alone(self, parent: Channel, name: str, owner: Person, minutes: int, kind: int) -> Channel:
        """Starts a thread without a message: the parent shows one of type 18 with its name."""
        if kind not in (10, 11, 12):
            raise ApiError(400, 50024, "Cannot execute action on this channel type")
        thread = self.new_thread(parent, name, owner, minutes, kind)
        self.events.thread("THREAD_CREATE", thread, new=True)
        if kind != 12:
            notice = self.posts.draft(parent, owner, content=name, kind=18)
            notice.reference = Reference(None, thread.id)
            self.posts.publish(notice)
        return thread

    def publish_post(self, thread: Channel, starter: Message, allowed: Allowed = EVERYTHING) -> None:
        """Publishes a forum post: the thread and its starter message, in the order that is set."""
        message_first = self.world.settings.forum_post_message_first
        if not message_first:
            self.events.thread("THREAD_CREATE", thread, new=True)
        self.posts.publish(starter, allowed)
        if message_first:
            self.events.thread("THREAD_CREATE", thread, new=True)

    def archive(self, thread: Channel, archived: bool, locked: bool) -> None:
        if archived != thread.archived:
            thread.archive_changed_at = self.world.clock.now()
        thread.archived, thread.locked = archived, locked
        self.events.thread("THREAD_UPDATE", thread)

    def delete_channel(self, channel: Channel) -> None:
        """Deletes a channel with its threads, or one thread."""
        if channel.is_thread:
            self.events.thread("THREAD_DELETE", channel)
        else:
            self.events.channel("CHANNEL_DELETE", channel)
        for other in self.world.channels.values():
            if other is channel or other.parent is channel:
                other.deleted = True
                for message in other.messages.values():
                    message.deleted = True
        self.world.bell.ring()

    def grant(self, guild: Guild, person: Person, granted: int) -> Role:
        """Gives somebody a role of their own with these permissions."""
        role = Role(self.world.ids.next(), f"of {person.name}", int(granted))
        guild.roles.append(role)
        guild.held.setdefault(person.id, []).append(role)
        self.events.guild(
            "GUILD_ROLE_CREATE", guild, {"guild_id": str(guild.id), "role": payloads.role(role)}
        )
        return role

    def allow(self, channel: Channel, person: Person, allowed: int) -> None:
        """Lets somebody do more in one channel."""
        channel.allowed[person.id] = int(allowed)
        self.events.channel("CHANNEL_UPDATE", channel)

    def deny(self, channel: Channel, denied: int) -> None:
        channel.denied = denied
        self.events.channel("CHANNEL_UPDATE", channel)

    def remove(self, guild: Guild, *, outage: bool) -> None:
        """Publishes GUILD_DELETE: an outage says `unavailable`, a removed bot nothing."""
        guild.available, guild.bot_present = False, outage
        data: dict[str, Any] = {"id": str(guild.id)}
        self.events.guild("GUILD_DELETE", guild, data | ({"unavailable": True} if outage else {}))

    def restore(self, guild: Guild) -> None:
        joined = not guild.bot_present
        guild.available = guild.bot_present = True
        self.announce(guild, joined=joined)
