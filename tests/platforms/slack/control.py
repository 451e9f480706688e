"""The grip on a fake Slack that runs in a process of its own: JSON over HTTP, ids for people and channels."""

import inspect
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .shown import Shown
from .state import Channel, Person
from .web_api import Call

if TYPE_CHECKING:
    from .server import FakeSlack

ACTIONS = frozenset(
    {
        "person",
        "channel",
        "dm",
        "say",
        "bot_says",
        "edit",
        "delete",
        "click",
        "command",
        "open_home",
        "submit_view",
    }
    | {
        "stop_stream",
        "visible",
        "status",
        "session",
        "fail",
        "rate_limit",
        "break_http",
        "lose_response",
        "heal",
    }
    | {"redeliver", "disconnect", "drop_sockets", "silence_sockets", "end_token"}
)
PEOPLE = frozenset({"person", "to"})


class Control:
    """Answers `POST /_control/{action}` with what the action of that name returned."""

    def __init__(self, slack: "FakeSlack") -> None:
        self._slack = slack

    async def answer(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        given = await request.json() if request.can_read_body else {}
        try:
            result = self._run(action, {name: self._resolved(name, value) for name, value in given.items()})
            if inspect.isawaitable(result):
                result = await result
        except (AssertionError, KeyError, TypeError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"result": _plain(result)})

    def _run(self, action: str, given: dict[str, Any]) -> Any:
        if action == "calls":
            return self._slack.calls
        if action == "rules":
            return vars(self._slack.rules).update(given)
        if action == "advance":
            return self._slack.clock.advance(**given)
        if action in ACTIONS:
            return getattr(self._slack, action)(**given)
        raise KeyError(action)

    def _resolved(self, name: str, value: Any) -> Any:
        if name == "members":
            return [self._slack.world.people[each] for each in value]
        if name in PEOPLE:
            return self._slack.world.people[value]
        return self._slack.world.channels[value] if name == "channel" else value


def _plain(value: Any) -> Any:
    """Makes JSON of what an action returned."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Person | Channel):
        return {"id": value.id, "name": value.name}
    if isinstance(value, Call | Shown):
        return asdict(value)
    return value if isinstance(value, str | int | float | bool | None) else None
