"""What the homeserver tells of a room becomes events of the core. Pure: no call, no state.

spec.matrix.org, client-server API: "m.room.message msgtypes", "Rich replies", "User and room mentions", "Event
replacements", "Threading", "Redactions". Everything in an event is somebody's who may write what they like.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aivax_bots import (
    Action,
    Attachment,
    Author,
    Commanded,
    Deleted,
    Edited,
    Identity,
    PassedOver,
    Pressed,
    Said,
    spoken_command,
)
from aivax_bots_matrix import NAME
from aivax_bots_matrix.address import Address
from aivax_bots_matrix.settings import MatrixSettings

FILES = frozenset({"m.file", "m.image", "m.audio", "m.video"})
WORDS = frozenset({"m.text", "m.emote"})
MARK = "org.aivax_bots"
"""What the bot writes into its own events, by which it knows them again: of an answer, and of a button."""
ADDRESSED = r"(?:[:,]\s*|\s+|$)"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bot:
    """Who is spoken to."""

    id: str
    name: str
    settings: MatrixSettings

    @property
    def names(self) -> tuple[str, ...]:
        """What people call it, the longest first."""
        names = {self.id, self.name, self.id[1:].partition(":")[0]} - {""}
        return tuple(sorted(names, key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Here:
    """What is known of the room."""

    room: str
    private: bool = False
    """Whether only the author and the bot are in it."""
    own: Collection[str] = ()
    """Messages of the bot's, as far as they are known."""
    threads: Collection[str] = ()
    """Threads that the bot takes part in."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of somebody's, its form checked."""

    id: str
    sender: str
    kind: str
    text: str
    thread: str = ""
    replied_to: str = ""
    changes: str = ""
    """The message that this is a new wording of."""
    mentioned: frozenset[str] | None = None
    """Whom it means to call; None where its client does not tell."""
    markup: str = ""
    files: tuple[Attachment, ...] = field(default=())


def message_in(event: Json) -> Message | None:
    """The message that an event is; None for one of another kind or form."""
    match event:
        case {
            "type": "m.room.message",
            "event_id": str(id_),
            "sender": str(sender),
            "content": {"msgtype": str(kind), "body": str(), **content},
        }:
            relation = part(content, "m.relates_to")
            changes = _event_id(relation) if relation.get("rel_type") == "m.replace" else ""
            now = part(content, "m.new_content") if changes else event["content"]
            kind, thread = text(now, "msgtype") or kind, ""
            if relation.get("rel_type") == "m.thread":
                thread = _event_id(relation)
            in_thread = bool(thread) and relation.get("is_falling_back") is True
            replied_to = "" if in_thread else _event_id(part(relation, "m.in_reply_to"))
            return Message(
                *(
                    id_,
                    sender,
                    kind,
                    _words(now, kind, is_reply=bool(replied_to)),
                    thread,
                    replied_to,
                    changes,
                ),
                _mentioned(now),
                text(now, "formatted_body"),
                tuple(_files(now, kind)),
            )
    return None


def passed_over(event: Json, message: Message | None, bot: Bot) -> PassedOver | None:
    """Why an event says nothing to the bot, wherever it stands; None where it may."""
    if event.get("sender") == bot.id:
        return PassedOver.OWN
    if message is None:
        return PassedOver.UNKNOWN_KIND
    if message.kind == "m.notice" or MARK in part(event, "content"):
        return PassedOver.BOT
    if message.kind not in WORDS | FILES:
        return PassedOver.UNKNOWN_KIND
    if message.kind in FILES and not (message.files or message.text):
        return PassedOver.EMPTY
    if not bot.settings.hears(message.sender, bot.id):
        return PassedOver.STRANGER
    return None


def is_addressed(message: Message, here: Here, bot: Bot) -> bool:
    """Whether somebody speaks to the bot."""
    if here.private or here.room in bot.settings.rooms_without_mention or message.replied_to in here.own:
        return True
    follows_up = bool(message.thread) and message.thread in here.threads
    if follows_up and bot.settings.thread_follow_ups == "always":
        return True
    if message.mentioned is not None and bot.id in message.mentioned:
        return True
    if any(re.match(rf"@?{re.escape(name)}{ADDRESSED}", message.text, re.IGNORECASE) for name in bot.names):
        return True
    return message.mentioned is None and _is_named(message, bot)


def _is_named(message: Message, bot: Bot) -> bool:
    """Whether a client that tells of no mentions shows one: a link to the bot, or its name among the words."""
    pill = rf"https://matrix\.to/#/(?:{re.escape(bot.id)}|{re.escape(quote(bot.id, safe=''))})[\"'/?]"
    if re.search(pill, message.markup, re.IGNORECASE):
        return True
    return any(
        re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message.text, re.IGNORECASE) for name in bot.names
    )


def as_said(message: Message, name: str, here: Here, bot: Bot) -> Said | Commanded:
    """A question, or one of the words that are commands when they stand alone."""
    address = address_of(message, here, bot)
    words, author = addressed_words(message, bot), author_of(message.sender, name)
    origin = message.changes or message.id
    keys = (f"{NAME}:{origin}",)
    if not message.files and (command := spoken_command(words)) is not None:
        about = (message.replied_to,) if message.replied_to else ()
        return Commanded(keys, author, address.place, command, str(address), about=about)
    return Said(keys, author, address.place, words, str(address), origin, message.files)


def as_edited(message: Message, name: str, here: Here, bot: Bot) -> Edited:
    """The new wording of a message that may have been a question."""
    # an edit tells nothing of its thread: the core knows the message, and where it was said
    place = address_of(message, here, bot).place
    words = addressed_words(message, bot)
    return Edited((f"{NAME}:{message.id}",), author_of(message.sender, name), place, message.changes, words)


def deleted(event: Json, room: str) -> Deleted | None:
    """What a redaction took away."""
    gone = text(event, "redacts") or text(part(event, "content"), "redacts")
    if not (gone and (id_ := text(event, "event_id"))):
        return None
    return Deleted((f"{NAME}:{id_}",), NAME, "", room, origins=(gone,))


def reaction_in(event: Json) -> tuple[str, str] | None:
    """On which message a reaction is, and what stands on it; None where it can be no button, as a lone emoji."""
    match event:
        case {
            "type": "m.reaction",
            "event_id": str(),
            "sender": str(),
            "content": {
                "m.relates_to": {"rel_type": "m.annotation", "event_id": str(below), "key": str(key)}
            },
        } if any(map(str.isalpha, key)):
            return below, key
    return None


def pressed(event: Json, button: Json, name: str, here: Here) -> Pressed | None:
    """A press of the button that `button` is, the bot's own reaction of the same key."""
    mark = part(part(button, "content"), MARK)
    action, turn = text(mark, "action"), text(mark, "turn")
    if action not in list(Action) or not turn:
        return None
    address = Address(here.room, text(mark, "thread"), text(mark, "question"), private=here.private)
    key, author = f"{NAME}:{event['event_id']}", author_of(event["sender"], name)
    value = text(mark, "value")
    return Pressed((key,), author, address.place, Action(action), turn, str(address), value)


def address_of(message: Message, here: Here, bot: Bot) -> Address:
    """Where the answer goes: into the message's thread, or one of its own."""
    thread, question = message.thread, message.changes or message.id
    if not (thread or here.private) and bot.settings.answers_in == "thread":
        thread = question
    return Address(here.room, thread, question, message.replied_to, here.private)


def author_of(user: str, name: str) -> Author:
    """Who said something, by the name that the room knows them by."""
    return Author(Identity(NAME, workspace="", user=user), name=name)


def addressed_words(message: Message, bot: Bot) -> str:
    """The words without the bot's name before them."""
    for name in bot.names:
        if found := re.match(rf"\s*@?{re.escape(name)}{ADDRESSED}", message.text, re.IGNORECASE):
            return message.text[found.end() :].strip()
    return message.text.strip()


def part(whole: Any, key: str) -> Json:
    """A part of an event that is to be an object; empty where it is none."""
    found = whole.get(key) if isinstance(whole, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def text(whole: Json, key: str) -> str:
    """A part of an event that is to be a text."""
    return found if isinstance(found := whole.get(key), str) else ""


def _event_id(relation: Json) -> str:
    """The event that something is related to. Nothing else is an id: some words are names of places (`address`)."""
    return id_ if (id_ := text(relation, "event_id")).startswith("$") else ""


def _words(content: Json, kind: str, *, is_reply: bool) -> str:
    body, filename = text(content, "body"), text(content, "filename")
    if kind in FILES:
        return body if filename and filename != body else ""
    return _without_quote(body) if is_reply else body


def _without_quote(body: str) -> str:
    """The words of a reply without what older clients repeat above them: lines of `> ` and an empty one."""
    lines = body.split("\n")
    if not lines[0].startswith("> <"):
        return body
    rest = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[rest:]).strip()


def _mentioned(content: Json) -> frozenset[str] | None:
    if "m.mentions" not in content:
        return None
    users = part(content, "m.mentions").get("user_ids")
    return (
        frozenset(each for each in users if isinstance(each, str)) if isinstance(users, list) else frozenset()
    )


def _files(content: Json, kind: str) -> Iterator[Attachment]:
    url = text(content, "url")
    if kind in FILES and url.startswith("mxc://"):
        info, size = part(content, "info"), part(content, "info").get("size")
        name = text(content, "filename") or text(content, "body") or "file"
        bytes_ = size if isinstance(size, int) and size >= 0 else 0
        yield Attachment(url, name[:255], text(info, "mimetype") or "application/octet-stream", bytes_)
