"""Slack's payloads, as events of the core, and why the others are ignored. Pure.

A payload that has not the documented shape comes to nothing.
Shapes: docs.slack.dev, "Events API", "Interactivity", "Implementing slash commands".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bots.slack.events.buttons import pressed
from bots.slack.events.interactions import (
    chosen_on_message,
    commanded,
    home_opened,
    question,
    stopped,
    wants_gone,
)
from bots.slack.events.modals import commented
from bots.slack.events.names import NameBook, Names
from bots.slack.events.payloads import Bot, IsJoined, part_of, text_of
from bots.slack.events.said import changed, deleted, is_for_us, is_person, read, said
from core.domain import Capability, Event, PassedOver

_NOTICES = frozenset(
    ("app_home_opened", "assistant_thread_started", "assistant_thread_context_changed", "app_context_changed")
)
"""Events that inform the bot and need no answer."""


def translate(
    payload: Any,
    bot: Bot,
    is_joined: IsJoined | None = None,
    names: NameBook | None = None,
    capabilities: Sequence[Capability] = (),
) -> tuple[Event, ...]:
    """Read an envelope's payload; nothing for what is not meant for us, our own and other bots' words included.

    `names` knows what people, channels and groups in the words are called.
    `is_joined` is given where replies in threads that the bot takes part in need no mention.
    Whether its author may be heard is not looked at here: see `bots.slack.transport.people`.
    A question asked by a command or a modal is no event yet: `bots.slack.features.ask_without_message` posts it first.
    """
    event = part_of(payload, "event")
    if text_of(payload, "type") == "event_callback" and text_of(event, "type") == "agent_session_stopped":
        return stopped(payload, event)
    if (chosen := chosen_on_message(payload, bot, capabilities)) is not None:
        return (chosen,)
    if text_of(payload, "command"):
        found: Event | None = None if question(payload, capabilities) else commanded(payload, capabilities)
    else:
        anybodys = any(each.menu for each in capabilities)
        found = _event(payload, event, names or Names(bot), is_joined, anybodys=anybodys)
    return () if found is None else (found,)


def _event(
    payload: Mapping[str, Any],
    event: Mapping[str, Any],
    names: NameBook,
    is_joined: IsJoined | None,
    *,
    anybodys: bool,
) -> Event | None:
    match text_of(payload, "type"), text_of(event, "type"), text_of(event, "subtype"):
        case "event_callback", "message", "message_changed":
            return changed(payload, event, names, is_joined, anybodys=anybodys)
        case "event_callback", "message", "message_deleted":
            gone = text_of(event, "deleted_ts")
            return deleted(payload, event, gone, names.bot, is_joined, anybodys=anybodys)
        case "event_callback", "message" | "app_mention", _:
            return said(payload, event, names, is_joined)
        case "event_callback", "app_home_opened", _:
            return home_opened(payload, event)
        case "block_actions", _, _:
            return pressed(payload)
        case "view_submission", _, _:
            return commented(payload)
        case "message_action", _, _:
            return wants_gone(payload)
    return None


def why_ignored(payload: Mapping[str, Any], bot: Bot, is_joined: IsJoined | None) -> PassedOver | None:
    """The reason why a payload that is no event for the core is ignored; None for a notice."""
    event = part_of(payload, "event")
    match text_of(payload, "type"), text_of(event, "type"), text_of(event, "subtype"):
        case "event_callback", kind, _ if kind in _NOTICES:
            return None
        case "event_callback", "message" | "app_mention", "message_changed":
            message, otherwise = part_of(event, "message"), PassedOver.EMPTY
        case "event_callback", "message" | "app_mention", "message_deleted":
            message, otherwise = part_of(event, "previous_message"), PassedOver.UNREADABLE
        case "event_callback", "message" | "app_mention", _:
            message, otherwise = event, PassedOver.UNREADABLE
        case _:
            return PassedOver.UNKNOWN_KIND
    return _why_not_said(payload, event, message, bot, is_joined) or otherwise


def _why_not_said(
    wrapper: Mapping[str, Any],
    event: Mapping[str, Any],
    message: Mapping[str, Any],
    bot: Bot,
    is_joined: IsJoined | None,
) -> PassedOver | None:
    if text_of(message, "user") == bot.user or (bot.bot and text_of(message, "bot_id") == bot.bot):
        return PassedOver.OWN
    if message.get("bot_id") or message.get("bot_profile"):
        return PassedOver.BOT
    if not is_person(message, bot):
        return PassedOver.UNKNOWN_KIND
    parsed = read(wrapper, event, message, bot)
    return PassedOver.NOT_ADDRESSED if parsed and not is_for_us(parsed, bot, is_joined) else None
