"""Routes of messages: write, read, change, delete, react."""

from typing import Any
from urllib.parse import unquote

from . import mentions, payloads, permissions, posting, redaction, validate
from .errors import (
    ApiError,
    invalid_form,
    missing_access,
    no_direct_messages,
    not_the_author,
    thread_archived,
    unknown_message,
)
from .mentions import EVERYTHING
from .model import DM, POST_KINDS, Channel, Message, Reference
from .permissions import Permission
from .posting import Posting, check_postable
from .routing import Call, Route
from .world import World, as_id

TYPING_SHOWS_S = 10.0


class MessageRoutes:
    def __init__(self, world: World, posts: Posting) -> None:
        self.world = world
        self.posts = posts

    def routes(self) -> list[Route]:
        one = "/channels/{}/messages/{}"
        return [
            Route("POST", "/channels/{}/messages", self.create, "create"),
            Route("GET", "/channels/{}/messages", self.history, "history"),
            Route("GET", one, self.read),
            Route("PATCH", one, self.edit, "edit"),
            Route("DELETE", one, self.delete),
            Route("POST", "/channels/{}/typing", self.typing),
            Route("PUT", one + "/reactions/{}/@me", self.react),
            Route("DELETE", one + "/reactions/{}/@me", self.unreact),
        ]

    def create(self, call: Call, channel_id: str) -> Any:
        channel = self.world.channel(channel_id)
        self._check_may_post(channel, call)
        again = self._posted_before(channel, call.request.body)
        if again is not None:
            return self._shown(again, with_nonce=True)
        message = self.posts.draft_from(call.request, channel)
        self._refer(message, call.request.body.get("message_reference"))
        validate.check_not_empty(message)
        allowed = mentions.read_allowed(call.request.body, EVERYTHING)
        if message.nonce is not None:
            channel.nonces[str(message.nonce)] = (self.world.clock.now(), message.id)
        self.posts.publish(message, allowed)
        return self._shown(message, with_nonce=True)

    def history(self, call: Call, channel_id: str) -> Any:
        channel = self.world.channel(channel_id)
        permissions.require_view(channel)
        limit = _limit(call.query)
        if Permission.READ_MESSAGE_HISTORY not in permissions.of_bot(channel):
            return []
        public = sorted((m for m in channel.messages.values() if not m.ephemeral), key=lambda m: m.id)
        chosen = _page(public, call.query, limit)
        if self.world.settings.odd_pages and "after" in call.query:
            earlier = [m for m in public if m.id <= as_id(call.query["after"])]
            chosen = [*chosen[1::2], *earlier[-3:], *chosen[::2]]
        return [self._shown(m) for m in reversed(chosen)]

    def read(self, call: Call, channel_id: str, message_id: str) -> Any:
        channel = self.world.channel(channel_id)
        permissions.require_view(channel)
        if Permission.READ_MESSAGE_HISTORY not in permissions.of_bot(channel):
            raise missing_access()
        return self._shown(self.world.message(channel, message_id))

    def edit(self, call: Call, channel_id: str, message_id: str) -> Any:
        message = self._found(channel_id, message_id)
        only_embeds = set(call.request.body) <= {"flags"}
        may_hide = Permission.MANAGE_MESSAGES in permissions.of_bot(message.channel) and only_embeds
        if message.author is not self.world.bot and not may_hide:
            raise not_the_author()
        if message.channel.archived:
            raise thread_archived()
        if call.uploads:
            permissions.require(message.channel, Permission.ATTACH_FILES)
        return self._shown(self.posts.edit(message, call.request))

    def delete(self, call: Call, channel_id: str, message_id: str) -> None:
        message = self._found(channel_id, message_id)
        if message.author is not self.world.bot:
            permissions.require(message.channel, Permission.MANAGE_MESSAGES)
            if message.channel.kind == DM:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        self.posts.delete(message)

    def typing(self, call: Call, channel_id: str) -> None:
        channel = self.world.channel(channel_id)
        permissions.require(channel, permissions.to_send(channel))
        channel.typing_until = self.world.clock.now() + TYPING_SHOWS_S

    def react(self, call: Call, channel_id: str, message_id: str, emoji: str) -> None:
        message = self._found(channel_id, message_id)
        emoji = unquote(emoji)
        needed = [] if emoji in message.reactions else [Permission.ADD_REACTIONS]
        permissions.require(message.channel, Permission.READ_MESSAGE_HISTORY, *needed)
        self.posts.react(message, self.world.bot, emoji)

    def unreact(self, call: Call, channel_id: str, message_id: str, emoji: str) -> None:
        self.posts.unreact(self._found(channel_id, message_id), self.world.bot, unquote(emoji))

    # -- parts ------------------------------------------------------------------------------------

    def _found(self, channel_id: str, message_id: str) -> Message:
        channel = self.world.channel(channel_id)
        permissions.require_view(channel)
        message = self.world.message(channel, message_id)
        if message.ephemeral:
            raise unknown_message()  # private answers are reached by their interaction only
        return message

    def _check_may_post(self, channel: Channel, call: Call) -> None:
        if channel.recipient is not None and not channel.recipient.accepts_dms:
            raise no_direct_messages()
        needed = [permissions.to_send(channel)]
        needed += [Permission.ATTACH_FILES] if call.uploads else []
        needed += [Permission.EMBED_LINKS] if call.request.body.get("embeds") else []
        permissions.require(channel, *needed)
        if channel.kind in POST_KINDS:
            raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
        check_postable(channel)

    def _posted_before(self, channel: Channel, body: dict[str, Any]) -> Message | None:
        """Finds the message of an enforced nonce that is still held; a deleted one is 10008."""
        known = channel.nonces.get(str(body.get("nonce")))
        if known is None or not body.get("enforce_nonce"):
            return None
        posted_at, message_id = known
        if self.world.clock.now() - posted_at > self.world.settings.nonce_life_s:
            return None
        if self.world.messages[message_id].deleted:
            raise unknown_message()
        return self.world.messages[message_id]

    def _refer(self, message: Message, given: dict[str, Any] | None) -> None:
        if given is None:
            return None
        if given.get("type", 0) == 1:
            return self._forward(message, given)
        target = message.channel.messages.get(as_id(given.get("message_id", "")))
        if target is None and given.get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
        if target is None:
            return None
        if Permission.READ_MESSAGE_HISTORY not in permissions.of_bot(message.channel):
            raise ApiError(400, 160002, "Cannot reply without permission to read message history")
        message.kind, message.reference = 19, Reference(target.id, message.channel.id)
        return None

    def _forward(self, message: Message, given: dict[str, Any]) -> None:
        source = self._found(given["channel_id"], given["message_id"])
        message.reference = Reference(source.id, source.channel.id, kind=1)
        message.snapshots = [posting.snapshot(self._shown(source))]

    def _shown(self, message: Message, *, with_nonce: bool = False) -> dict[str, Any]:
        """Writes a message for REST: what the portal's switch, not the intents, lets through."""
        full = payloads.message(self.world, message, with_nonce=with_nonce)
        switched_on = self.world.settings.message_content
        return redaction.redact(self.world, message, full, switched_on=switched_on)


def _limit(query: dict[str, str]) -> int:
    limit = as_id(query.get("limit", "50"))
    if not 1 <= limit <= 100:
        raise invalid_form("limit", "int value should be between 1 and 100.", "NUMBER_TYPE_MAX")
    return limit


def _page(ordered: list[Message], query: dict[str, str], limit: int) -> list[Message]:
    """Cuts a page out of messages in order of their ids."""
    if len(query.keys() & {"before", "after", "around"}) > 1:
        raise invalid_form("before", "Only one of before, after, around can be given.")
    if "after" in query:
        return [m for m in ordered if m.id > as_id(query["after"])][:limit]
    if "around" in query:
        older = [m for m in ordered if m.id < as_id(query["around"])][-(limit // 2) :]
        return (older + [m for m in ordered if m.id >= as_id(query["around"])])[:limit]
    before = as_id(query["before"]) if "before" in query else None
    return [m for m in ordered if before is None or m.id < before][-limit:]
