"""What a worker may have AIVAX do, and how that is written on the wire (documentation of October 2026, "Workers")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias, get_args

ACTION_TYPE = "application/json+worker-action"
"""The media type of an answer that carries an action."""
RECEIVED = "message.received"
CALLED = "tool.called"
Json: TypeAlias = dict[str, Any]


class Stop(Exception):
    """Raised by a worker: the message is not answered, or the tool not called. AIVAX is not told why; the log is."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Takes parts of the context away."""

    action: ClassVar[str] = "clear"
    argument: Literal["messages", "meta", "system", "tools", "skills", "all"] = "all"


@dataclass(frozen=True, slots=True)
class AddMessage:
    """Adds a message as the OpenAI API writes one: `{"role": "user", "content": "..."}`."""

    action: ClassVar[str] = "add-message"
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RemoveMessage:
    """Takes one message away, counted from 0."""

    action: ClassVar[str] = "remove-message"
    index: int


@dataclass(frozen=True, slots=True)
class AddSystem:
    """Adds an instruction."""

    action: ClassVar[str] = "add-system"
    message: str


@dataclass(frozen=True, slots=True)
class AddTool:
    """Adds a tool as the OpenAI API defines one."""

    action: ClassVar[str] = "add-tool"
    tool: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddProtocolTool:
    """Adds a protocol function: name, description, callbackUrl, contentFormat."""

    action: ClassVar[str] = "add-protocol-tool"
    tool: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddMcpSource:
    """Adds an MCP source for this answer: url, headers, name, cacheDuration."""

    action: ClassVar[str] = "add-mcp-source"
    source: Mapping[str, Any]


Rewrite: TypeAlias = Clear | AddMessage | RemoveMessage | AddSystem | AddTool | AddProtocolTool | AddMcpSource


@dataclass(frozen=True, slots=True)
class Replace:
    """Is taken for what the tool gave back, which is not called."""

    result: str
    messages: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """Messages that are added to the conversation beside it."""


def action_of(event: str, given: object) -> Json | None:
    """What a worker returned, as AIVAX reads it; None where the event goes on as it is.

    Raises:
        TypeError: it is nothing that this event takes; the message says what is.
    """
    if given is None or given == []:
        return None
    if event == CALLED:
        if not isinstance(given, Replace):
            raise TypeError(f"a worker of {CALLED} returns None or a Replace, not {type(given).__name__}")
        return {"type": f"{CALLED}.response", "data": {**asdict(given), "messages": list(given.messages)}}
    rewrites = given if isinstance(given, list | tuple) else [given]
    return {"type": f"{RECEIVED}.response", "data": {"rewrites": list(map(_wire, rewrites))}}


def _wire(rewrite: object) -> Json:
    if not isinstance(rewrite, Rewrite):
        takes = ", ".join(kind.__name__ for kind in get_args(Rewrite))
        raise TypeError(
            f"a worker of {RECEIVED} returns None or a list of {takes}, not {type(rewrite).__name__}"
        )
    return {"type": rewrite.action, **asdict(rewrite)}
