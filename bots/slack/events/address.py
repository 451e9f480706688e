"""What the core keeps of a place in Slack: enough to answer there from another process, days later."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from core.domain.errors import PlaceClosed

PLATFORM = "slack"


@dataclass(frozen=True, slots=True)
class Where:
    """A place to answer in, with the question that is answered there."""

    channel: str
    team: str = ""
    thread: str = ""
    """The thread's root that the answer goes below; `""` for the channel itself."""
    question: str = ""
    """The question's own ts."""
    user: str = ""
    user_team: str = ""
    """The asker's own workspace: a stream outside of direct messages is addressed by both."""
    direct: bool = False
    """Whether it is a direct message."""
    whisper: bool = False
    """Whether what is said there is for `user` alone, who pressed a button on the message `question`."""
    home: bool = False
    """Whether it is the app's Home tab, as `user` sees it."""
    reply: str = ""
    """Where an answer to `user` alone can be sent for half an hour, also where the bot is no member."""

    def as_address(self) -> str:
        return json.dumps(
            {name: value for name, value in asdict(self).items() if value}, separators=(",", ":")
        )


def where(address: str) -> Where:
    """Read an address back.

    Raises:
        PlaceClosed: it is none of ours.
    """
    try:
        given = json.loads(address)
    except ValueError as exc:
        raise PlaceClosed(PLATFORM, code="bad_address", detail=address[:200]) from exc
    if not isinstance(given, dict) or not _text(given, "channel"):
        raise PlaceClosed(PLATFORM, code="bad_address", detail=address[:200])
    names = ("channel", "team", "thread", "question", "user", "user_team", "reply")
    return Where(
        **{name: _text(given, name) for name in names},
        direct=given.get("direct") is True,
        whisper=given.get("whisper") is True,
        home=given.get("home") is True,
    )


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""
