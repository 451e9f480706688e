"""Writing, changing and deleting messages: the one way for people, the bot's REST calls and interactions."""

from dataclasses import dataclass, field
from typing import Any

from . import mentions, validate
from .errors import thread_archived, thread_locked
from .events import Events
from .mentions import EVERYTHING, Allowed
from .model import (
    COMPONENTS_V2,
    LOADING,
    SILENT,
    SUPPRESS_EMBEDS,
    Attachment,
    Channel,
    Message,
    Person,
    Upload,
)
from .world import World

Json = dict[str, Any]
SETTABLE_FLAGS = SUPPRESS_EMBEDS | SILENT | COMPONENTS_V2


@dataclass(frozen=True)
class Request:
    """A message's body as the bot sent it, with the files that came along."""

    body: Json
    uploads: list[Upload] = field(default_factory=list)


class Posting:
    """Keeps the messages of all channels and tells the bot of every change."""

    def __init__(self, world: World, events: Events) -> None:
        self.world = world
        self.events = events

    def draft(self, channel: Channel, author: Person, *, id_: int = 0, **fields: Any) -> Message:
        """Makes a message that nobody sees yet; a forum post's first one has the thread's id."""
        return Message(id_ or self.world.ids.next(), channel, author, **fields)

    def draft_from(self, request: Request, channel: Channel, **fields: Any) -> Message:
        """Makes the bot's message out of a request; raises ApiError for what Discord refuses."""
        body = request.body
        validate.check_body(body, request.uploads)
        message = self.draft(channel, self.world.bot, **fields)
        message.content = self._trimmed(body.get("content") or "")
        message.embeds = [_rich(e) for e in body.get("embeds") or []]
        message.components = number(body.get("components") or [])
        message.flags |= int(body.get("flags") or 0) & SETTABLE_FLAGS
        message.nonce = body.get("nonce")
        message.attachments = self._attach(channel, request)
        return message

    def publish(self, message: Message, allowed: Allowed = EVERYTHING) -> Message:
        """Puts a message into its channel."""
        channel = message.channel
        mentions.apply(self.world, message, allowed)
        message.versions.append(message.content)
        if channel.archived:
            self._reopen(channel)
        if channel.is_thread and message.author is self.world.bot:
            channel.joined = True
        if message.author is self.world.bot:
            channel.typing_until = 0.0
        channel.messages[message.id] = message
        self.world.messages[message.id] = message
        self.events.message("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, request: Request, default: Allowed = EVERYTHING) -> Message:
        """Changes what a request names; everything else stays. The answer to a "thinking" message is no edit."""
        body = request.body
        validate.check_body(body, request.uploads)
        before = message.content, message.embeds, message.attachments, message.components, message.flags
        self._overwrite(message, request)
        try:
            validate.check_not_empty(message)
            allowed = mentions.read_allowed(body, default)
        except Exception:
            message.content, message.embeds, message.attachments, message.components, message.flags = before
            raise
        if message.flags & LOADING:
            message.flags ^= LOADING
        elif set(body) - {"flags", "allowed_mentions"} or request.uploads:
            message.edited_at = self.world.clock.now()
        return self._changed(message, allowed)

    def edit_by_person(self, message: Message, content: str) -> Message:
        message.content = content
        message.edited_at = self.world.clock.now()
        return self._changed(message, EVERYTHING)

    def touch(self, message: Message) -> None:
        """Tells of a change that is no edit: a preview, a pin, a thread."""
        self.events.message("MESSAGE_UPDATE", message)

    def delete(self, *messages: Message, bulk: bool = False) -> None:
        """Takes messages out of their channel."""
        for message in messages:
            message.deleted = True
            message.channel.messages.pop(message.id, None)
        self.events.messages_deleted(messages[0].channel, [m.id for m in messages], bulk=bulk)

    def react(self, message: Message, person: Person, emoji: str) -> None:
        who = message.reactions.setdefault(emoji, [])
        if person not in who:
            who.append(person)
            self.events.reaction("MESSAGE_REACTION_ADD", message, person, emoji)

    def unreact(self, message: Message, person: Person, emoji: str) -> None:
        who = message.reactions.get(emoji, [])
        if person in who:
            who.remove(person)
            self.events.reaction("MESSAGE_REACTION_REMOVE", message, person, emoji)
        if not who:
            message.reactions.pop(emoji, None)

    def _changed(self, message: Message, allowed: Allowed) -> Message:
        mentions.apply(self.world, message, allowed)
        message.versions.append(message.content)
        self.touch(message)
        return message

    def _overwrite(self, message: Message, request: Request) -> None:
        body = request.body
        if "content" in body:
            message.content = self._trimmed(body["content"] or "")
            message.previews = []
        if "embeds" in body:
            message.embeds = [_rich(e) for e in body["embeds"] or []]
        if "components" in body:
            message.components = number(body["components"] or [])
        if "flags" in body:
            fixed = message.flags & ~SUPPRESS_EMBEDS
            message.flags = fixed | int(body["flags"] or 0) & (SUPPRESS_EMBEDS | COMPONENTS_V2)
        kept = message.attachments
        if "attachments" in body:
            listed = {str(a.get("id")) for a in body["attachments"] or []}
            kept = [a for a in kept if str(a.id) in listed]
        message.attachments = kept + self._attach(message.channel, request)

    def _attach(self, channel: Channel, request: Request) -> list[Attachment]:
        told = {str(a.get("id")): a.get("description") for a in request.body.get("attachments") or []}
        files = enumerate(request.uploads)
        return [self.world.attach(channel, upload, told.get(str(n))) for n, upload in files]

    def _trimmed(self, content: str) -> str:
        return content.strip() if self.world.settings.trims_content else content

    def _reopen(self, thread: Channel) -> None:
        if thread.locked:
            raise thread_archived()
        thread.archived = False
        thread.archive_changed_at = self.world.clock.now()
        self.events.thread("THREAD_UPDATE", thread)


def snapshot(full: Json) -> Json:
    """Takes the picture of a message that a forward carries."""
    kept = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags")
    more = ("mentions", "mention_roles", "components", "sticker_items")
    return {k: full[k] for k in (*kept, *more) if k in full}


def number(components: list[Json]) -> list[Json]:
    """Gives every component the id that Discord adds."""
    for n, item in enumerate(validate.walk(components), start=1):
        item.setdefault("id", n)
    return components


def check_postable(channel: Channel) -> None:
    """Raises 160005 or 50083 for a thread that takes no more messages."""
    if channel.locked:
        raise thread_archived() if channel.archived else thread_locked()


def _rich(embed: Json) -> Json:
    return {"type": "rich", "content_scan_version": 0} | embed
