"""Chats with what stands in them, and how much of a bot they take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from telegram_stand_in.text import Entity, as_markdown, names_in

TYPING_S, DRAFT_S = 5.0, 30.0


@dataclass(slots=True)
class Person:
    id: int
    first_name: str
    language_code: str = "en"
    is_bot: bool = False
    username: str = ""

    def told(self) -> dict[str, Any]:
        told = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        return told | (
            {"username": self.username} if self.username else {"language_code": self.language_code}
        )


@dataclass(slots=True)
class Message:
    id: int
    chat: Chat
    author: Person
    text: str = ""
    entities: Sequence[Entity] = ()
    keyboard: Sequence[Sequence[Mapping[str, str]]] = ()
    file: Mapping[str, Any] | None = None
    file_name: str = ""
    reply_to: int = 0
    topic: int = 0
    reactions: list[str] = field(default_factory=list)
    written_at: float = field(default_factory=time.time)
    edited_at: int = 0

    @property
    def shown(self) -> str:
        return as_markdown(self.text, self.entities)

    @property
    def pings(self) -> list[str]:
        return names_in(self.text, self.entities)

    def told(self) -> dict[str, Any]:
        """As an update, or an answer, tells it."""
        told: dict[str, Any] = {
            "message_id": self.id,
            "from": self.author.told(),
            "chat": self.chat.told(),
            "date": int(self.written_at),
        }
        body = "caption" if self.file else "text"
        if self.text:
            told |= {body: self.text, "caption_entities" if self.file else "entities": list(self.entities)}
        if self.keyboard:
            told["reply_markup"] = {"inline_keyboard": self.keyboard}
        if self.topic:
            told |= {"message_thread_id": self.topic, "is_topic_message": True}
        if self.edited_at:
            told["edit_date"] = self.edited_at
        if (replied := self.chat.messages.get(self.reply_to)) is not None:
            told["reply_to_message"] = {
                key: value for key, value in replied.told().items() if key != "reply_to_message"
            }
        return told | dict(self.file or {})


@dataclass(slots=True)
class Chat:
    id: int
    type: str
    title: str = ""
    messages: dict[int, Message] = field(default_factory=dict)
    topics: set[int] = field(default_factory=set)
    admins: set[int] = field(default_factory=set)
    typing_until: float = 0.0
    draft: tuple[int, str, Sequence[Entity], float] = (0, "", (), 0.0)
    can_stop: bool = False
    closed: str = ""
    """What Telegram says, with 403, to a bot that writes here."""
    moved_to: int = 0
    allows_reactions: bool = True
    last_id: int = 100
    tokens: float = 20.0
    counted_at: float = field(default_factory=time.monotonic)

    def told(self) -> dict[str, Any]:
        name = {"first_name": self.title} if self.type == "private" else {"title": self.title}
        return {"id": self.id, "type": self.type, **name} | ({"is_forum": True} if self.topics else {})

    def wait_s(self) -> float:
        """How long a bot is to wait before it writes again: about 1 a second, and 20 a minute in groups."""
        now = time.monotonic()
        per_s = 1.0 if self.type == "private" else 20 / 60
        self.tokens = min(20.0, self.tokens + (now - self.counted_at) * per_s)
        self.counted_at = now
        if self.tokens < 1:
            return (1 - self.tokens) / per_s
        self.tokens -= 1
        return 0.0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def of_bot(self) -> list[Message]:
        return [each for each in self.messages.values() if each.author.is_bot]

    def visible(self) -> list[str]:
        """What people see of the bot's in here, a draft that has not faded too."""
        texts = [each.shown for each in self.of_bot() if each.text and not each.file]
        _, text, entities, since = self.draft
        return [*texts, as_markdown(text, entities)] if text and time.monotonic() < since + DRAFT_S else texts
