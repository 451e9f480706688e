"""Who caused a payload, and which workspaces it names of them. Pure.

Slack Connect and Enterprise Grid bring people of other organisations here: see `bots.slack.transport.people`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.events.payloads import part_of, text_of


@dataclass(frozen=True, slots=True)
class Speaker:
    """The person who caused a payload."""

    user: str
    teams: frozenset[str] = frozenset()
    """The workspaces that the payload names of them; empty where it names none."""


def speaker(payload: Mapping[str, Any]) -> Speaker:
    """Read who said, changed, pressed, sent or opened something."""
    if text_of(payload, "type") == "event_callback":
        event = part_of(payload, "event")
        said = part_of(event, "message") or event
        user = text_of(said, "user") or text_of(part_of(event, "assistant_thread"), "user_id")
        teams = [text_of(said, name) for name in ("user_team", "source_team", "team")]
        return Speaker(user, frozenset(filter(None, teams)))
    if text_of(payload, "command"):  # its workspace is where it was given: of who gave it that tells nothing
        return Speaker(text_of(payload, "user_id"))
    person = part_of(payload, "user")
    return Speaker(text_of(person, "id"), frozenset(filter(None, [text_of(person, "team_id")])))
