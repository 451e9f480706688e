"""A stand-in for Telegram's Bot API on loopback, from its documentation: core.telegram.org/bots/api. No kinder."""

from telegram_stand_in.chats import Chat, Message, Person
from telegram_stand_in.server import FakeTelegram

__all__ = ["Chat", "FakeTelegram", "Message", "Person"]
