"""Slack's payloads, as events of the core. Pure; a payload that has not the documented shape comes to nothing.

Shapes: docs.slack.dev, "Events API", "Interactivity", "Implementing slash commands".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.slack.events.buttons import pressed
from bots.slack.events.edits import changed, deleted, stopped
from bots.slack.events.interactions import commanded, home_opened, question
from bots.slack.events.messages import said
from bots.slack.events.modals import commented
from bots.slack.events.payloads import Bot, FollowUps, part_of, text_of
from core.domain.messages import Event

_NO_FOLLOW_UPS = FollowUps()


def translate(payload: Any, bot: Bot, follow_ups: FollowUps = _NO_FOLLOW_UPS) -> tuple[Event, ...]:
    """Read an envelope's payload; nothing for what is not meant for us, our own and other bots' words included.

    Whether its author may be heard is not looked at here: see `bots.slack.transport.people`.
    A question asked by a command or a modal is no event yet: `bots.slack.features.ask_without_message` posts it first.
    """
    if not isinstance(payload, Mapping):
        return ()
    event = part_of(payload, "event")
    if text_of(payload, "type") == "event_callback" and text_of(event, "type") == "agent_session_stopped":
        return stopped(payload, event)
    found = _event(payload, event, bot, follow_ups)
    return () if found is None else (found,)


def _event(
    payload: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, follow_ups: FollowUps
) -> Event | None:
    match text_of(payload, "type"), text_of(event, "type"), text_of(event, "subtype"):
        case "event_callback", "message", "message_changed":
            return changed(payload, event, bot, follow_ups)
        case "event_callback", "message", "message_deleted":
            return deleted(payload, event, text_of(event, "deleted_ts"), bot, follow_ups)
        case "event_callback", "message" | "app_mention", _:
            return said(payload, event, bot, follow_ups)
        case "event_callback", "app_home_opened", _:
            return home_opened(payload, event)
        case "block_actions", _, _:
            return pressed(payload)
        case "view_submission", _, _:
            return commented(payload)
        case "event_callback", _, _:
            return None
    return commanded(payload) if text_of(payload, "command") and not question(payload) else None
