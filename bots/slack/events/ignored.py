"""Why a payload is ignored, for the count of ignored events by reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.events.messages import is_for_us, is_person, read
from bots.slack.events.payloads import Bot, FollowUps, part_of, text_of
from core.domain.messages import PassedOver

_NOTICES = frozenset(
    ("app_home_opened", "assistant_thread_started", "assistant_thread_context_changed", "app_context_changed")
)
"""Events that inform the bot and need no answer."""


def reason(payload: Mapping[str, Any], bot: Bot, follow_ups: FollowUps) -> PassedOver | None:
    """The reason why a payload that is no event for the core is ignored; None for a notice."""
    event = part_of(payload, "event")
    kind, subtype = text_of(event, "type"), text_of(event, "subtype")
    if text_of(payload, "type") != "event_callback":
        return PassedOver.UNKNOWN_KIND
    if kind in _NOTICES:
        return None
    if kind not in ("message", "app_mention"):
        return PassedOver.UNKNOWN_KIND
    message = {
        "message_changed": part_of(event, "message"),
        "message_deleted": part_of(event, "previous_message"),
    }.get(subtype, event)
    otherwise = PassedOver.EMPTY if subtype == "message_changed" else PassedOver.UNREADABLE
    return _of_message(payload, event, message, bot, follow_ups) or otherwise


def _of_message(
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
