"""Buttons on Slack: as blocks of a message, and their presses as events. Pure.

Shapes: docs.slack.dev, "Actions block", "Button element", "Context actions block", "Feedback buttons element",
`block_actions` payloads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bots.slack.events.address import PLATFORM, Address
from bots.slack.events.payloads import list_of, part_of, text_of
from core.domain import Action, Author, Button, Identity, Place, Pressed

LABEL_CHARS = 75
FEEDBACK = "aivax:feedback"
"""One element holds both of Slack's thumbs; its value names the one that was pressed."""

_RATINGS = (Action.GOOD, Action.BAD)
_PRESS = re.compile(
    r"(?:aivax:feedback (?P<rating>good|bad)/|aivax:(?P<action>[a-z_]+)(?::\S*)? )"
    r"(?P<turn>[a-z0-9]{1,32})(?::(?P<value>[A-Za-z_-]{1,16}))?"
)
"""A button's `action_id` and `value`, with a blank between them."""


def button_blocks(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Draw buttons as a row below the text, and a pair of ratings as Slack's thumbs; no row where there are none."""
    rated = {button.action: button for button in buttons if button.action in _RATINGS}
    thumbs = [_thumbs(*(rated[action] for action in _RATINGS))] if len(rated) == len(_RATINGS) else []
    plain = [_button(button) for button in buttons if not thumbs or button.action not in rated]
    return [{"type": "actions", "elements": plain}, *thumbs] if plain else thumbs


def _button(button: Button) -> dict[str, Any]:
    """Within a row no two may have one id, and languages are told apart by their value only."""
    suffix = f":{button.value}" if button.value else ""
    return {
        "type": "button",
        "action_id": f"aivax:{button.action}{suffix}",
        "value": f"{button.turn}{suffix}",
        "text": _label(button),
    }


def _thumbs(good: Button, bad: Button) -> dict[str, Any]:
    thumbs = {
        "type": "feedback_buttons",
        "action_id": FEEDBACK,
        "positive_button": {"text": _label(good), "value": f"good/{good.turn}"},
        "negative_button": {"text": _label(bad), "value": f"bad/{bad.turn}"},
    }
    return {"type": "context_actions", "elements": [thumbs]}


def _label(button: Button) -> dict[str, Any]:
    return {"type": "plain_text", "text": button.label[:LABEL_CHARS]}


def pressed(payload: Mapping[str, Any]) -> Pressed | None:
    """Read a press of one of our buttons; None of anything else. Outside of direct messages only they see the reply."""
    chosen = _chosen(payload)
    team, user = text_of(payload.get("team"), "id"), text_of(payload.get("user"), "id")
    moment = text_of(payload, "trigger_id")
    here = _on_home(payload, team, user) or _below_message(payload, team, user)
    if chosen is None or here is None or not (team and user and moment):
        return None
    action, turn, value = chosen
    return Pressed(
        keys=(f"slack:{team}:press:{moment}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(
            PLATFORM, team, here.channel, here.thread, private=here.home or here.channel.startswith("D")
        ),
        action=action,
        turn=turn,
        address=str(here),
        text=value,
        asked_for_more=action in (Action.BAD, Action.FORM),  # a modal opens
    )


def _below_message(payload: Mapping[str, Any], team: str, user: str) -> Address | None:
    container = part_of(payload, "container")
    channel = text_of(container, "channel_id") or text_of(payload.get("channel"), "id")
    ts = text_of(container, "message_ts")
    if not (channel and ts):
        return None
    # a message that one person alone sees can't be replied to, but its press brings an address of its own
    unseen = container.get("is_ephemeral") is True
    direct = channel.startswith("D")
    return Address(
        channel=channel,
        team=team,
        thread=text_of(container, "thread_ts") or ("" if unseen else ts),
        question=ts,
        user=user,
        user_team=text_of(payload.get("user"), "team_id") or team,
        direct=direct and not unseen,
        ephemeral=unseen or not direct,
        reply=text_of(payload, "response_url") if unseen else "",
    )


def _on_home(payload: Mapping[str, Any], team: str, user: str) -> Address | None:
    """The Home tab: its view carries the direct message that it belongs to."""
    view = part_of(payload, "view")
    if text_of(view, "type") != "home":
        return None
    return Address(text_of(view, "private_metadata") or user, team, user=user, user_team=team, home=True)


def _chosen(payload: Mapping[str, Any]) -> tuple[Action, str, str] | None:
    """Action, turn and value of the first that is ours."""
    for each in list_of(payload, "actions"):
        found = _PRESS.fullmatch(f"{text_of(each, 'action_id')} {text_of(each, 'value')}")
        if found and (action := found["rating"] or found["action"]) in set(Action):
            return Action(action), found["turn"], found["value"] or ""
    return None
