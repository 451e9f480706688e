"""Buttons on Slack: how they are drawn, and what a press of one tells. Pure.

Shapes: docs.slack.dev, "Actions block", "Button element", `block_actions` payloads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bots.slack.address import PLATFORM, Where
from core.messages import Action, Author, Button, Identity, Place, Pressed

LABEL_CHARS = 75

_IDS = {f"aivax:{action}": action for action in Action}
_TURN = re.compile(r"[a-z0-9]{1,32}")


def drawn(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Draw buttons as a row below the text; no row where there are none."""
    if not buttons:
        return []
    return [{"type": "actions", "elements": [_button(button) for button in buttons]}]


def _button(button: Button) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": f"aivax:{button.action}",
        "value": button.turn,
        "text": {"type": "plain_text", "text": button.label[:LABEL_CHARS]},
    }


def pressed(payload: Mapping[str, Any]) -> Pressed | None:
    """Read a press of one of our buttons; None of anything else. Outside of direct messages the reply is whispered."""
    chosen = _ours(payload.get("actions"))
    team, user = _text(payload.get("team"), "id"), _text(payload.get("user"), "id")
    container = payload.get("container")
    channel = _text(container, "channel_id") or _text(payload.get("channel"), "id")
    ts, moment = _text(container, "message_ts"), _text(payload, "trigger_id")
    if chosen is None or not (team and user and channel and ts and moment):
        return None
    thread, direct = _text(container, "thread_ts") or ts, channel.startswith("D")
    here = Where(
        channel=channel,
        team=team,
        thread=thread,
        question=ts,
        user=user,
        user_team=_text(payload.get("user"), "team_id") or team,
        direct=direct,
        whisper=not direct,
    )
    return Pressed(
        keys=(f"slack:{team}:press:{moment}",),
        author=Author(Identity(PLATFORM, team, user)),
        place=Place(PLATFORM, team, channel, thread, private=direct),
        action=_IDS[chosen["action_id"]],
        turn=chosen["value"],
        address=here.as_address(),
    )


def _ours(actions: Any) -> Mapping[str, Any] | None:
    for each in actions if isinstance(actions, list) else []:
        if _text(each, "action_id") in _IDS and _TURN.fullmatch(_text(each, "value")):
            return each  # type: ignore[no-any-return]  # a mapping: `_text` found something in it
    return None


def _text(given: Any, name: str) -> str:
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, str) else ""
