"""What a person sees in a channel."""

from dataclasses import dataclass
from typing import Any

from . import mentions, permissions
from .model import DM, LOADING, SUPPRESS_EMBEDS, Channel, Message, Person, Reference, Upload
from .permissions import Permission
from .validate import walk
from .world import World

LINK_BUTTON = 5


@dataclass(frozen=True)
class Button:
    """A button as it is shown; a link has `url` instead of a custom id."""

    label: str
    custom_id: str | None
    disabled: bool = False
    url: str | None = None


@dataclass(frozen=True)
class Seen:
    """A message as a person sees it.

    `previews` are the links that a client would unfurl, `pings` all who heard a sound (of any version), such as
    `"@alice"` or `"@everyone"`; `loading` is "the bot is thinking", `private` "only you can see this".
    """

    id: int
    author: str
    content: str
    kind: int
    flags: int
    embeds: tuple[dict[str, Any], ...]
    previews: tuple[str, ...]
    pings: frozenset[str]
    components: tuple[dict[str, Any], ...]
    buttons: tuple[Button, ...]
    attachments: tuple[Upload, ...]
    reference: Reference | None
    nonce: str | int | None
    edited: bool
    loading: bool
    private: bool
    reactions: dict[str, int]
    thread_id: int | None
    versions: tuple[str, ...]

    @property
    def reply_to(self) -> int | None:
        """The id of the message that this one answers."""
        return self.reference.message_id if self.reference and self.reference.kind == 0 else None

    @property
    def text(self) -> str:
        """All that can be read: content, or the displayed texts of Components V2."""
        shown = [c["content"] for c in walk(list(self.components)) if c.get("type") == 10]
        return "\n".join([self.content, *shown]).strip("\n")


def visible(world: World, channel: Channel, to: Person | None = None) -> list[Seen]:
    """Lists a channel's messages, oldest first; private answers only for the person they are for."""
    return [look(world, m) for m in sorted(channel.messages.values(), key=lambda m: m.id) if shown(m, to)]


def shown(message: Message, to: Person | None) -> bool:
    if not message.ephemeral:
        return message.channel.kind != DM or to in (None, message.channel.recipient)
    return message.interaction is not None and message.interaction.person is to


def look(world: World, message: Message) -> Seen:
    return Seen(
        id=message.id,
        author=message.author.name,
        content=message.content,
        kind=message.kind,
        flags=message.flags,
        embeds=() if message.flags & SUPPRESS_EMBEDS else tuple(message.embeds),
        previews=_previews(world, message),
        pings=frozenset(message.pings),
        components=tuple(message.components),
        buttons=tuple(_button(c) for c in walk(message.components) if c.get("type") == 2),
        attachments=tuple(a.upload for a in message.attachments),
        reference=message.reference,
        nonce=message.nonce,
        edited=message.edited_at is not None,
        loading=bool(message.flags & LOADING),
        private=message.ephemeral,
        reactions={emoji: len(who) for emoji, who in message.reactions.items()},
        thread_id=message.thread.id if message.thread else None,
        versions=tuple(message.versions),
    )


def _previews(world: World, message: Message) -> tuple[str, ...]:
    may = message.author is not world.bot or Permission.EMBED_LINKS in permissions.of_bot(message.channel)
    hidden = message.flags & SUPPRESS_EMBEDS or not may
    return () if hidden else tuple(mentions.links_previewed(message.content))


def _button(component: dict[str, Any]) -> Button:
    label = component.get("label") or (component.get("emoji") or {}).get("name") or ""
    return Button(label, component.get("custom_id"), bool(component.get("disabled")), component.get("url"))
