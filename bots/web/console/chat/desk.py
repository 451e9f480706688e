"""What the chat is made of, wired on a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bots.web.bounds import Bounds
from bots.web.console.chat import PLATFORM
from bots.web.console.chat.frontend import ChatFrontend
from bots.web.console.chat.news import ChatNews
from bots.web.console.settings import ConsoleSettings
from core.domain import Place
from core.storage.console_chat.store import ChatStore
from core.storage.db import Database
from core.util.clock import Clock


@dataclass(frozen=True, slots=True)
class ChatParts:
    """The chat, as its pages use it."""

    store: ChatStore
    news: ChatNews
    frontend: ChatFrontend
    most_files: int
    body_bytes: int
    """Of one form, all its files together: `[web] body_bytes`."""


def chat_of(
    settings: ConsoleSettings,
    bounds: Bounds,
    database: Database,
    first_words_after_s: float,
    now: Clock | None = None,
) -> ChatParts:
    """The chat on an open database, by whose time its entries are dated unless another is given."""
    news = ChatNews()
    store = ChatStore(
        database, now or database.now, platform=PLATFORM, most=settings.chat_messages, changed=news.tell
    )
    frontend = ChatFrontend(
        store, news, edit_interval_s=settings.chat_interval_s, first_words_after_s=first_words_after_s
    )
    return ChatParts(store, news, frontend, settings.chat_files, bounds.body_bytes)


ModelOf = Callable[[Place], str]
"""Tells which gateway is asked in a place."""
