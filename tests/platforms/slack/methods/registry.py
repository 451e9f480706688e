"""The table of methods: name, scope, tier, kind of token."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..args import Args
from ..events import Events
from ..socket_mode import SocketMode
from ..state import Workspace
from ..world import World


@dataclass(frozen=True)
class Asked:
    """One call, authorised: all that a method needs to do its work."""

    world: World
    events: Events
    socket_mode: SocketMode
    workspace: Workspace
    args: Args
    headers: dict[str, str]


Run = Callable[[Asked], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    name: str
    run: Run
    scope: tuple[str, ...]  # any one of them is enough
    tier: int | None
    caller: str  # "bot" | "app" | "none": the token that it wants


METHODS: dict[str, Method] = {}


def method(
    name: str, *, scope: str = "", tier: int | None = None, caller: str = "bot"
) -> Callable[[Run], Run]:
    """Registers a Web API method; `scope` names one or, with blanks between, several that each suffice."""

    def register(run: Run) -> Run:
        METHODS[name] = Method(name, run, tuple(scope.split()), tier, caller)
        return run

    return register
