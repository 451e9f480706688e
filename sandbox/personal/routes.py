"""The routes to what is kept of people, and to the small helpers of a chat."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from sandbox.faults import FaultRoute
from sandbox.personal import utilities
from sandbox.personal.records import Records
from sandbox.personal.shell import Shell
from sandbox.refusals import Refusal
from sandbox.shapes import Shapes
from sandbox.wire import read_json

Make = Callable[[Request, bytes], object]
Made = tuple[str, str, FaultRoute, Make]
"""A method, a path, what its faults are called, and what makes the answer."""
Endpoint = Callable[[FaultRoute, Make], Callable[[Request], Any]]


@dataclass(slots=True)
class Personal:
    """All that is kept of people."""

    records: Records
    shell: Shell = field(default_factory=Shell)


def personal_routes(personal: Personal, shapes: Callable[[], Shapes], endpoint: Endpoint) -> list[Route]:
    """Builds the routes; `endpoint` makes a handler that asks for a private key, and plays faults."""
    utility = "/api/v2/chat-utilities"
    made: list[Made] = [
        *_of_records(personal.records, shapes),
        *_of_shell(personal.shell, shapes),
        ("POST", f"{utility}/chat-title", "utilities", _helper(utilities.title, shapes)),
        ("POST", f"{utility}/chat-continuations", "utilities", _helper(utilities.continuations, shapes)),
    ]
    return [Route(path, endpoint(route, make), methods=[method]) for method, path, route, make in made]


def _of_records(records: Records, shapes: Callable[[], Shapes]) -> Iterator[Made]:
    every, one = "/api/v1/conversations", "/api/v1/conversations/{id}"
    yield "GET", every, "records", lambda request, _: _told(records.listed(request.query_params, shapes()))
    yield "GET", one, "records", lambda request, _: _told(records.shown(request.path_params["id"]))
    yield "DELETE", one, "records", _done(lambda request: records.delete(request.path_params["id"]))


def _of_shell(shell: Shell, shapes: Callable[[], Shapes]) -> Iterator[Made]:
    io = "/api/v1/shell/io"

    def listing(request: Request, _: bytes) -> object:
        told = shell.listing(_user(request), request.query_params)
        return told if shapes().shell_answer == "plain" else _told(told)

    def delete_file(request: Request) -> None:
        shell.delete_file(_user(request), request.query_params)

    def delete_folder(request: Request) -> None:
        shell.delete_folder(_user(request), request.query_params, shapes())

    yield "GET", f"{io}/listing", "shell", listing
    yield "DELETE", f"{io}/file", "shell", _done(delete_file)
    yield "DELETE", f"{io}/directory", "shell", _done(delete_folder)


def _done(act: Callable[[Request], None]) -> Make:
    def make(request: Request, _: bytes) -> object:
        act(request)
        return _told(None)

    return make


def _helper(help_with: Callable[[object], dict[str, Any]], shapes: Callable[[], Shapes]) -> Make:
    def make(_: Request, raw: bytes) -> object:
        told = help_with(_json(raw))
        return told if shapes().chat_helpers == "plain" else _told(told)

    return make


def _user(request: Request) -> str:
    user = request.headers.get("x-shell-user-id", "")
    if not user:
        raise Refusal(400, "The header 'X-Shell-User-Id' is missing.")
    return user


def _json(raw: bytes) -> object:
    try:
        return read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.", code="invalid_json") from exc


def _told(data: object) -> dict[str, object]:
    return {"message": "OK", "data": data}
