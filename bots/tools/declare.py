"""Declaring tools and workers. A file that declares some is an ordinary module: its functions stay what they are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload

from bots.tools.actions import CALLED, RECEIVED
from bots.tools.schema import Caller, Signature, Unusable, check_name, read

Function = TypeVar("Function", bound=Callable[..., Any])
OnFailure = Literal["stop", "continue"]
OnHookFailure = Literal["skip", "refuse"]


class ToolError(Exception):
    """Raised by a tool: its message is what the model reads, such as "There is no order 17. Ask for its number again."

    Any other exception is told as a failure without its words, which may hold what nobody is to read.
    """


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A message is about to be answered."""

    gateway_id: str
    messages: Sequence[Mapping[str, Any]]
    """The whole context, as the OpenAI API writes messages."""
    metadata: Mapping[str, str]
    origin: str
    """Where the inference comes from, such as `ChatCompletionsApi` (this bot)."""
    caller: Caller | None
    """The person, without the place: AIVAX tells workers no more. None where it is nobody whom the bot knows."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """AIVAX is about to run one of its own tools."""

    gateway_id: str
    tool: str
    """Its name; that of a tool from an MCP source is qualified by the source."""
    arguments: Mapping[str, Any]
    metadata: Mapping[str, str]
    origin: str
    caller: Caller | None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    function: Callable[..., Any]
    signature: Signature
    read_only: bool


@dataclass(frozen=True, slots=True)
class Worker:
    """A function that is asked at an event."""

    event: str
    function: Callable[..., Any]
    on_failure: OnFailure


@dataclass(frozen=True, slots=True)
class Hook:
    """A function that the bot calls around a turn (`bots.hooks`)."""

    name: str
    event: str
    function: Callable[..., Any]
    on_failure: OnHookFailure
    changes: bool
    """Whether it may change an answer, which is held back for it."""


@dataclass(slots=True)
class Declared:
    """All that files declare."""

    tools: dict[str, Tool] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)

    def add_tool(self, tool: Tool) -> None:
        if tool.name in self.tools:
            raise Unusable(f"two tools have the name {tool.name!r}; give one another: @tool(name=...)")
        self.tools[tool.name] = tool

    def add_worker(self, worker: Worker) -> None:
        if worker.event in self.workers:
            raise Unusable(f"two workers are for {worker.event}; AIVAX asks one: let it call the other")
        self.workers[worker.event] = worker

    def add_hook(self, hook: Hook) -> None:
        if hook.name in self.hooks:
            raise Unusable(
                f"two hooks have the name {hook.name!r}; rename one: the log and [hooks] on_failure use it"
            )
        self.hooks[hook.name] = hook


_declared: ContextVar[Declared | None] = ContextVar("declared", default=None)


@contextmanager
def collecting() -> Iterator[Declared]:
    """Collect what is declared inside. Elsewhere, as in the operator's own tests, declaring only checks."""
    found = Declared()
    token = _declared.set(found)
    try:
        yield found
    finally:
        _declared.reset(token)


def declare_hook(hook: Hook) -> None:
    """Note a hook where declarations are collected; what `bots.hooks` has decorators for."""
    if (declared := _declared.get()) is not None:
        declared.add_hook(hook)


@overload
def tool(function: Function) -> Function: ...
@overload
def tool(
    *, name: str = "", description: str = "", read_only: bool = False
) -> Callable[[Function], Function]: ...
def tool(
    function: Function | None = None, *, name: str = "", description: str = "", read_only: bool = False
) -> Function | Callable[[Function], Function]:
    """Offer a function to the model, as its name, its docstring and the types of its parameters say.

    A parameter of type `Caller` is given who asks; the model does not see it. What the function returns is told to the
    model: text as it stands, anything else as JSON. It may be async.

    `read_only`: it changes nothing, and may run each time that it is asked. Others run once for the same question and
    arguments, however often the call comes.

    Raises:
        Unusable: AIVAX would not take it, or the model not understand it.
    """

    def declare(function: Function) -> Function:
        called = name or function.__name__
        check_name(called)
        told = inspect.cleandoc(description or function.__doc__ or "").strip()
        if not told:
            raise Unusable(f"{called} has no docstring: the model calls a tool by what that says")
        if (declared := _declared.get()) is not None:
            declared.add_tool(Tool(called, told, function, read(function), read_only))
        else:
            read(function)
        return function

    return declare if function is None else declare(function)


def worker(event: str, *, on_failure: OnFailure = "stop") -> Callable[[Function], Function]:
    """Have AIVAX ask a function at each event: `message.received` or `tool.called`.

    It is given a `MessageReceived` or `ToolCalled`, and returns None to let the event go on, what is to be changed, or
    raises `Stop`. `on_failure`: what becomes of the event where the function itself fails.

    Raises:
        Unusable: there is no such event.
    """
    if event not in (RECEIVED, CALLED):
        raise Unusable(f"there is no event {event!r}; known: {RECEIVED}, {CALLED}")
    if on_failure not in ("stop", "continue"):
        raise Unusable(f'on_failure is "stop" or "continue", not {on_failure!r}')

    def declare(function: Function) -> Function:
        if (declared := _declared.get()) is not None:
            declared.add_worker(Worker(event, function, on_failure))
        return function

    return declare
