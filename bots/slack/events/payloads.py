"""What all readers of Slack's payloads share: fields that may be missing or of a wrong type, and who is who.

Slack Connect and Enterprise Grid bring people of other organisations here: see `bots.slack.transport.people`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from core.util.text import sound

IsJoined = Callable[[str, str, str], bool]
"""Whether the bot is known to take part in a thread: by team, channel and thread."""


def text_of(given: Any, name: str) -> str:
    """A field that should be text; `""` where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    if not isinstance(value, str):
        return ""
    return value if value.isascii() and "\x00" not in value else sound(value)


def written(value: Any) -> str:
    """A value that is shown as text: a text itself, or a number; `""` for all else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def part_of(given: Any, name: str) -> Mapping[str, Any]:
    """A field that should be an object; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def list_of(given: Any, name: str) -> list[Any]:
    """A field that should be a list; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, list) else []


def parts_of(given: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list; what else stands in it is left out."""
    return [each for each in list_of(given, name) if isinstance(each, Mapping)]


MOST_PARTS, MOST_CHARS, MOST_DEPTH = 3_000, 60_000, 40
"""What is looked at of one message: more than people and apps fill, and little enough to be read at once."""
_FIRST = ("text", "user", "bot_id", "files", "attachments")


@dataclass(slots=True)
class _Room:
    parts: int = MOST_PARTS
    chars: int = MOST_CHARS


def bounded(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Copy a message; of one that is larger than Slack lets any be, what fits, its text before all else."""
    in_order = {name: message[name] for name in _FIRST if name in message} | dict(message)
    fitting = _fit(in_order, _Room(), MOST_DEPTH)
    return fitting if isinstance(fitting, dict) else {}


def _fit(value: Any, room: _Room, depth: int) -> Any:
    if isinstance(value, str):
        room.chars -= len(value)
        return value if room.chars >= 0 else value[: room.chars]
    if not isinstance(value, Mapping | list):
        return value
    room.parts -= 1
    if room.parts < 0 or depth == 0:
        return None
    if isinstance(value, list):
        return [_fit(each, room, depth - 1) for each in value[: room.parts + 1]]
    return {name: _fit(each, room, depth - 1) for name, each in value.items()}


def moment_of(message: Mapping[str, Any]) -> Decimal | None:
    """The `ts` of a message, which orders it among others; None where it is no number."""
    try:
        return Decimal(text_of(message, "ts"))
    except InvalidOperation:
        return None


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are in one workspace, as `auth.test` tells it."""

    team: str
    user: str
    bot: str = ""
    name: str = ""


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
