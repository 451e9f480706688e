"""Slack's payloads, as events of the core: pure, and deaf to whatever has not the documented shape.

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

    Whether its author may be heard is not looked at here: see `bots.slack.transport.outsiders`.
    A question asked by a command or a modal is no event yet: `bots.slack.features.ask_without_message` posts it first.
    """
    if not isinstance(payload, Mapping):
        return ()
    kind = text_of(payload, "type")
    if kind == "event_callback":
        return _happened(payload, part_of(payload, "event"), bot, follow_ups)
    if kind == "block_actions":
        return _one(pressed(payload))
    if kind == "view_submission":
        return _one(commented(payload))
    if not text_of(payload, "command") or question(payload):
        return ()
    return _one(commanded(payload))


def _happened(
    wrapper: Mapping[str, Any], event: Mapping[str, Any], bot: Bot, follow_ups: FollowUps
) -> tuple[Event, ...]:
    kind, subtype = text_of(event, "type"), text_of(event, "subtype")
    if kind == "message" and subtype == "message_changed":
        return _one(changed(wrapper, event, bot, follow_ups))
    if kind == "message" and subtype == "message_deleted":
        return _one(deleted(wrapper, event, bot, follow_ups))
    if kind in ("message", "app_mention"):
        return _one(said(wrapper, event, bot, follow_ups))
    if kind == "app_home_opened":
        return _one(home_opened(wrapper, event))
    return stopped(wrapper, event) if kind == "agent_session_stopped" else ()


def _one(event: Event | None) -> tuple[Event, ...]:
    return () if event is None else (event,)
