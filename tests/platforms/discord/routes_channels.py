"""Routes of channels, threads, guilds and direct conversations."""

from typing import Any

from . import mentions, payloads, permissions, validate
from .clock import iso
from .errors import ApiError, invalid_form, missing_access, unknown_guild, wrong_channel_kind
from .guilds import Guilds
from .mentions import EVERYTHING
from .model import ANNOUNCEMENT, POST_KINDS, TEXT, Channel, Guild
from .permissions import Permission
from .posting import Posting
from .routing import Call, Reply, Route
from .world import World

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)


class ChannelRoutes:
    def __init__(self, world: World, posts: Posting, guilds: Guilds) -> None:
        self.world = world
        self.posts = posts
        self.guilds = guilds

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/channels/{}", self.read),
            Route("PATCH", "/channels/{}", self.change),
            Route("POST", "/channels/{}/messages/{}/threads", self.thread_from_message),
            Route("POST", "/channels/{}/threads", self.thread_or_post),
            Route("GET", "/channels/{}/threads/archived/public", self.archived),
            Route("PUT", "/channels/{}/thread-members/@me", self.join),
            Route("DELETE", "/channels/{}/thread-members/@me", self.leave),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/guilds/{}", self.guild),
            Route("GET", "/guilds/{}/channels", self.guild_channels),
            Route("GET", "/guilds/{}/roles", self.roles),
            Route("GET", "/guilds/{}/threads/active", self.active),
            Route("GET", "/guilds/{}/members/{}", self.member),
        ]

    def roles(self, call: Call, guild_id: str) -> Any:
        return [payloads.role(each) for each in self._guild(guild_id).roles]

    def read(self, call: Call, channel_id: str) -> Any:
        return payloads.channel(self.world, self._visible(channel_id))

    def change(self, call: Call, channel_id: str) -> Any:
        """Renames, archives or reopens a thread: the bot's own, or any with MANAGE_THREADS."""
        thread = self._visible(channel_id)
        if not thread.is_thread:
            raise ApiError(403, 50013, "Missing Permissions")
        body = call.request.body
        if thread.owner_id != self.world.bot.id or "locked" in body:
            permissions.require(thread, Permission.MANAGE_THREADS)
        validate.check_length("name", body.get("name"), 100)
        thread.name = body.get("name") or thread.name
        self.guilds.archive(thread, bool(body.get("archived", thread.archived)), bool(body.get("locked")))
        return payloads.thread(self.world, thread)

    def thread_from_message(self, call: Call, channel_id: str, message_id: str) -> Any:
        channel = self._for_threads(channel_id)
        message = self.world.message(channel, message_id)
        name, minutes = _thread_fields(call.request.body)
        if message.thread is not None:
            raise ApiError(400, 160004, "A thread has already been created for this message")
        thread = self.guilds.thread_from(message, name, self.world.bot, minutes)
        return Reply(201, payloads.thread(self.world, thread))

    def thread_or_post(self, call: Call, channel_id: str) -> Any:
        body = call.request.body
        if self._visible(channel_id).kind in POST_KINDS:
            return self._forum_post(call, self._visible(channel_id))
        channel = self._for_threads(channel_id)
        name, minutes = _thread_fields(body)
        thread = self.guilds.thread_alone(channel, name, self.world.bot, minutes, body.get("type", 12))
        return Reply(201, payloads.thread(self.world, thread))

    def _forum_post(self, call: Call, forum: Channel) -> Any:
        permissions.require(forum, Permission.SEND_MESSAGES)
        name, minutes = _thread_fields(call.request.body)
        request = type(call.request)(call.request.body.get("message") or {}, call.uploads)
        thread = self.guilds.new_thread(forum, name, self.world.bot, minutes)
        starter = self.posts.draft_from(request, thread, id_=thread.id)
        validate.check_not_empty(starter)
        self.guilds.publish_post(thread, starter, mentions.read_allowed(request.body, EVERYTHING))
        return Reply(
            201, payloads.thread(self.world, thread) | {"message": payloads.message(self.world, starter)}
        )

    def archived(self, call: Call, channel_id: str) -> Any:
        parent = self._visible(channel_id)
        if Permission.READ_MESSAGE_HISTORY not in permissions.of_bot(parent):
            raise missing_access()
        limit = int(call.query.get("limit", "50"))
        before = call.query.get("before", "9999")
        children = [
            c for c in self.world.channels.values() if c.parent is parent and c.archived and not c.deleted
        ]
        children.sort(key=lambda c: c.archive_changed_at, reverse=True)
        found = [c for c in children if iso(c.archive_changed_at) < before and c.kind != 12]
        return self._listed(found[:limit]) | {"has_more": len(found) > limit}

    def active(self, call: Call, guild_id: str) -> Any:
        threads = self.world.threads_of(self._guild(guild_id))
        return self._listed([t for t in threads if not t.archived and permissions.sees(t)])

    def _listed(self, threads: list[Channel]) -> dict[str, Any]:
        members = [payloads.thread_member(self.world, t) for t in threads if t.joined]
        return {"threads": [payloads.thread(self.world, t) for t in threads], "members": members}

    def join(self, call: Call, channel_id: str) -> None:
        thread = self.world.channel(channel_id)
        permissions.require_view(thread)
        if not thread.is_thread:
            raise wrong_channel_kind()
        if thread.archived:
            raise ApiError(400, 50083, "Thread is archived")
        thread.joined = True

    def leave(self, call: Call, channel_id: str) -> None:
        self._visible(channel_id).joined = False

    def open_dm(self, call: Call) -> Any:
        recipient = call.request.body.get("recipient_id")
        if recipient is None:
            raise invalid_form("recipient_id", "This field is required.", "BASE_TYPE_REQUIRED")
        return payloads.channel(self.world, self.world.dm(self.world.person(recipient)))

    def guild(self, call: Call, guild_id: str) -> Any:
        return payloads.guild_basics(self._guild(guild_id))

    def guild_channels(self, call: Call, guild_id: str) -> Any:
        channels = self.world.channels_of(self._guild(guild_id))
        return [payloads.channel(self.world, c) for c in channels]

    def member(self, call: Call, guild_id: str, user_id: str) -> Any:
        guild, person = self._guild(guild_id), self.world.person(user_id)
        if person.has_left:
            raise ApiError(404, 10007, "Unknown Member")
        return payloads.member(self.world, guild, person) | {"user": payloads.user(person)}

    # -- parts ------------------------------------------------------------------------------------

    def _visible(self, channel_id: str) -> Channel:
        channel = self.world.channel(channel_id)
        permissions.require_view(channel)
        return channel

    def _guild(self, guild_id: str) -> Guild:
        guild = self.world.guilds.get(int(guild_id))
        if guild is None:
            raise unknown_guild()
        if not guild.bot_present:
            raise missing_access()
        return guild

    def _for_threads(self, channel_id: str) -> Channel:
        channel = self._visible(channel_id)
        if channel.kind not in (TEXT, ANNOUNCEMENT):
            raise wrong_channel_kind()
        permissions.require(channel, Permission.CREATE_PUBLIC_THREADS)
        return channel


def _thread_fields(body: dict[str, Any]) -> tuple[str, int]:
    """Reads a thread's name and archive time, or raises 50035."""
    name = body.get("name")
    validate.check_length("name", name, 100, least=1)
    minutes = body.get("auto_archive_duration") or 1440
    if minutes not in ARCHIVE_MINUTES:
        raise invalid_form("auto_archive_duration", f"Value must be one of {ARCHIVE_MINUTES}.")
    return str(name), int(minutes)
