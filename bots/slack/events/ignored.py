"""Why a payload comes to nothing: what is passed over in silence is counted by its reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.events.messages import is_for_us, is_person, read
from bots.slack.events.payloads import Bot, FollowUps, part_of, text_of
from core.domain.messages import PassedOver

_WORDS = ("message", "app_mention")
_NEWS = frozenset(
    ("app_home_opened", "assistant_thread_started", "assistant_thread_context_changed", "app_context_changed")
)
"""What tells the bot something, and asks for nothing."""


def reason(payload: Mapping[str, Any], bot: Bot, follow_ups: FollowUps) -> PassedOver | None:
    """Why nothing comes of a payload that brings no event; None where nothing was to come of it."""
    event = part_of(payload, "event")
    kind, subtype = text_of(event, "type"), text_of(event, "subtype")
    if text_of(payload, "type") != "event_callback":
        return PassedOver.UNKNOWN_KIND
    if kind in _NEWS:
        return None
    if kind not in _WORDS:
        return PassedOver.UNKNOWN_KIND
    message = {
        "message_changed": part_of(event, "message"),
        "message_deleted": part_of(event, "previous_message"),
    }.get(subtype, event)
    otherwise = PassedOver.EMPTY if subtype == "message_changed" else PassedOver.UNREADABLE
    return _of_words(payload, event, message, bot, follow_ups) or otherwise


def _of_words(
    wrapper: Mapping[str, Any],
    event: Mapping[str, Any],
    message: Mapping[str, Any],
    bot: Bot,
    follow_ups: FollowUps,
) -> PassedOver | None:
    if text_of(message, "user") == bot.user or (bot.bot and text_of(message, "bot_id") == bot.bot):
        return PassedOver.OWN
    if message.get("bot_id") or message.get("bot_profile"):
        return PassedOver.BOT
    if not is_person(message, bot):
        return PassedOver.UNKNOWN_KIND
    parsed = read(wrapper, message, bot, text_of(event, "channel"), text_of(event, "channel_type"))
    return None if is_for_us(parsed, message, bot, follow_ups) else PassedOver.NOT_ADDRESSED
