"""The furniture of the fake: guilds, channels, threads, people, and what moderators do to them."""

from functools import reduce
from operator import or_
from typing import Any

from .guilds import Guilds
from .model import TEXT, Channel, Guild, Message, Person, Role
from .permissions import Permission
from .posting import Posting
from .world import World


class Places:
    """Builds and changes places; mixed into `FakeDiscord`."""

    world: World
    posts: Posting
    guilds: Guilds

    def person(self, name: str, **fields: Any) -> Person:
        """Adds an account: `locale`, `bot`, `accepts_dms`, `may_ping_everyone`."""
        return self.world.add_person(name, **fields)

    def guild(self, name: str, *, shard: tuple[int, int] = (0, 1), **fields: Any) -> Guild:
        """Adds a server with the bot in it, on shard `(i, n)`; a connected bot sees itself join."""
        return self.guilds.new_guild(name, shard, **fields)

    def channel(
        self, guild: Guild, name: str, kind: int = TEXT, *, category: Channel | None = None
    ) -> Channel:
        """Adds a channel: TEXT, ANNOUNCEMENT, VOICE, STAGE, FORUM, MEDIA; or a CATEGORY, in which others lie."""
        return self.guilds.new_channel(guild, name, kind, category)

    def role(self, guild: Guild, name: str, *, mentionable: bool = False) -> Role:
        role = Role(self.world.ids.next(), name, mentionable=mentionable)
        guild.roles.append(role)
        return role

    def dm(self, person: Person) -> Channel:
        """Finds or opens a person's direct conversation with the bot, which is not told of it."""
        return self.world.dm(person)

    def thread(
        self, place: Channel | Message, name: str, *, by: Person, kind: int = 11, minutes: int = 1440
    ) -> Channel:
        """Starts a thread in a channel, or on a message."""
        if isinstance(place, Message):
            return self.guilds.thread_from(place, name, by, minutes)
        return self.guilds.thread_alone(place, name, by, minutes, kind)

    def post(self, forum: Channel, author: Person, title: str, content: str) -> tuple[Channel, Message]:
        """Writes a forum post; returns its thread and its first message, which share an id."""
        thread = self.guilds.new_thread(forum, title, author, 1440)
        starter = self.posts.draft(thread, author, id_=thread.id, content=content)
        self.guilds.publish_post(thread, starter)
        return thread, starter

    def archive(self, thread: Channel, *, locked: bool = False) -> None:
        """Archives a thread: it leaves the active ones, and reopens on a post unless locked."""
        self.guilds.archive(thread, archived=True, locked=locked)

    def unarchive(self, thread: Channel) -> None:
        self.guilds.archive(thread, archived=False, locked=False)

    def add_bot(self, thread: Channel) -> None:
        """Adds the bot to a thread: only then does it know a private one."""
        thread.joined = True
        self.guilds.events.thread("THREAD_CREATE", thread)

    def grant(self, guild: Guild, person: Person, *granted: Permission) -> Role:
        """Gives somebody a role with permissions in a server."""
        return self.guilds.grant(guild, person, reduce(or_, granted))

    def allow(self, channel: Channel, person: Person, *allowed: Permission) -> None:
        """Lets somebody do more in one channel."""
        self.guilds.allow(channel, person, reduce(or_, allowed))

    def deny(self, channel: Channel, *denied: Permission) -> None:
        """Takes permissions from the bot in a channel; those denied before come back."""
        bits = 0
        for permission in denied:
            bits |= int(permission)
        self.guilds.deny(channel, bits)

    def delete_channel(self, channel: Channel) -> None:
        """Deletes a channel with its threads, or a thread."""
        self.guilds.delete_channel(channel)

    def outage(self, guild: Guild) -> None:
        """Makes a guild unavailable."""
        self.guilds.remove(guild, outage=True)

    def kick_bot(self, guild: Guild) -> None:
        """Removes the bot from a guild."""
        self.guilds.remove(guild, outage=False)

    def restore(self, guild: Guild) -> None:
        """Ends an outage, or invites the bot again."""
        self.guilds.restore(guild)
