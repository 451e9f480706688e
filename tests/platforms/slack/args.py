"""The arguments of one Web API call, whichever way they came, and the strictness with which they are read."""

import json
from typing import Any

from aiohttp import web

from .refused import RefusedError, invalid

_MISSING = object()


class Args:
    """Typed access to the arguments; a wrong type is `invalid_arguments`, as is a required one that is missing."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given

    def has(self, name: str) -> bool:
        return self.given.get(name) is not None

    def text(self, name: str) -> str:
        value = self.maybe_text(name)
        if value is None or value == "":
            raise invalid(f"missing required field: {name}")
        return value

    def maybe_text(self, name: str) -> str | None:
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(f"must be a string: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.given[name] if self.has(name) else default
        if isinstance(value, str):
            value = {"1": True, "true": True, "0": False, "false": False}.get(value.lower(), value)
        if value in (0, 1):
            return bool(value)
        raise invalid(f"must be a boolean: {name}")

    def number(self, name: str, default: int) -> int:
        value = self.given[name] if self.has(name) else default
        try:
            return int(value)
        except (TypeError, ValueError):
            raise invalid(f"must be an integer: {name}") from None

    def structure(self, name: str, default: Any = _MISSING) -> Any:
        """Reads an object or a list, given as such or as JSON text."""
        value = self.given.get(name)
        if value is None:
            if default is _MISSING:
                raise invalid(f"missing required field: {name}")
            return default
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise invalid(f"must be JSON: {name}") from None


async def read_args(request: web.Request) -> dict[str, Any]:
    """Merges query, form and JSON body; the SDK uses all three."""
    given: dict[str, Any] = dict(request.query)
    if request.method != "POST":
        return given
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            raise RefusedError("invalid_json") from None
        if not isinstance(body, dict):
            raise RefusedError("json_not_object")
        return {**given, **body}
    return {**given, **dict(await request.post())}
