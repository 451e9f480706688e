"""What all readers of Slack's payloads share: fields that may be missing or of a wrong type, and the bot's own ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

_NOTHING: Mapping[str, Any] = {}


def text_of(given: Any, name: str) -> str:
    """A field that should be text; `""` where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, str) else ""


def part_of(given: Any, name: str) -> Mapping[str, Any]:
    """A field that should be an object; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, Mapping) else _NOTHING


def list_of(given: Any, name: str) -> list[Any]:
    """A field that should be a list; an empty one where it is not."""
    value = given.get(name) if isinstance(given, Mapping) else None
    return value if isinstance(value, list) else []


def parts_of(given: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list; what else stands in it is left out."""
    return [each for each in list_of(given, name) if isinstance(each, Mapping)]


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


def _nowhere(_team: str, _channel: str, _thread: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class FollowUps:
    """How messages without a mention, in threads that the bot takes part in, are treated."""

    enabled: bool = False
    """Whether they are answered."""
    is_joined: Callable[[str, str, str], bool] = _nowhere
    """Whether the bot is known to take part in a thread: by team, channel and thread."""
